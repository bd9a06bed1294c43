/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_known_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIRST_ROWS 256u
#define SID_TAG "tag:microsoft.com,2022-09-14:sid:"
#define FNV_OFFSET 2166136261u
#define FNV_PRIME 16777619u

/* How values of a column are made equal. */
enum form {
    FORM_EXACT,
    FORM_LOWER, /* ASCII letters without case */
    FORM_MAC,
    FORM_SID
};

/*
 * Active Directory compares names of accounts, addresses and hosts without case; a serial number is
 * the manufacturer's, and whether its case means something is not ours to say.
 */
static const struct {
    const char *name;
    enum policy_variable variable;
    enum form form;
} columns[POLICY_KNOWN_COLUMNS] = {
    { "aadDeviceId", POLICY_VARIABLE_AAD_DEVICE_ID, FORM_LOWER },
    { "deviceId", POLICY_VARIABLE_DEVICE_ID, FORM_LOWER },
    { "serial", POLICY_VARIABLE_SERIAL, FORM_EXACT },
    { "upn", POLICY_VARIABLE_UPN, FORM_LOWER },
    { "email", POLICY_VARIABLE_EMAIL, FORM_LOWER },
    { "userName", POLICY_VARIABLE_USER_NAME, FORM_LOWER },
    { "sam", POLICY_VARIABLE_SAM_ACCOUNT, FORM_LOWER },
    { "imei", POLICY_VARIABLE_IMEI, FORM_EXACT },
    { "meid", POLICY_VARIABLE_MEID, FORM_LOWER },
    { "wifiMac", POLICY_VARIABLE_WIFI_MAC, FORM_MAC },
    { "deviceName", POLICY_VARIABLE_DEVICE_NAME, FORM_LOWER },
    { "fqdn", POLICY_VARIABLE_FQDN, FORM_LOWER },
    { "sid", POLICY_VARIABLE_SID, FORM_SID },
};

static bool no_memory(struct error *err)
{
    return error_set(err, REASON_NO_MEMORY, "out of memory for the list of known devices");
}

/* ---- columns --------------------------------------------------------------------------------- */

bool policy_known_column(struct bytes name, size_t *column)
{
    char text[32];

    if (!text_format(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.data)) {
        return false;
    }
    for (size_t i = 0; i < POLICY_KNOWN_COLUMNS; i++) {
        if (text_equal_nocase(text, columns[i].name)) {
            *column = i;
            return true;
        }
    }
    return false;
}

const char *policy_known_column_name(size_t column)
{
    return columns[column].name;
}

bool policy_known_column_of(enum policy_variable variable, size_t *column)
{
    for (size_t i = 0; i < POLICY_KNOWN_COLUMNS; i++) {
        if (columns[i].variable == variable) {
            *column = i;
            return true;
        }
    }
    return false;
}

bool policy_known_normal(size_t column, struct bytes value, char out[POLICY_KNOWN_CELL_MAX + 1])
{
    enum form form = columns[column].form;
    size_t used = 0;

    if (value.len > POLICY_KNOWN_CELL_MAX) {
        return false;
    }
    if (form == FORM_SID && value.len > strlen(SID_TAG)
        && memcmp(value.data, SID_TAG, strlen(SID_TAG)) == 0) {
        value = bytes_of(value.data + strlen(SID_TAG), value.len - strlen(SID_TAG));
    }
    for (size_t i = 0; i < value.len; i++) {
        char c = (char)value.data[i];

        if (form == FORM_MAC && (c == ':' || c == '-')) {
            continue;
        }
        if (form != FORM_EXACT && c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        out[used++] = c;
    }
    out[used] = '\0';
    return memchr(out, '\0', used) == NULL; /* no NUL can hide what follows it */
}

/* ---- rows ------------------------------------------------------------------------------------ */

bool policy_known_table_init(struct policy_known_table *table, struct error *err)
{
    memset(table, 0, sizeof(*table));
    table->texts.max = 2 * LIMIT_KNOWN_BYTES;
    return buffer_append_byte(&table->texts, 0, err);
}

void policy_known_table_clear(struct policy_known_table *table)
{
    for (size_t i = 0; i < POLICY_KNOWN_COLUMNS; i++) {
        free(table->cell[i]);
        free(table->next[i]);
        free(table->chain[i]);
    }
    buffer_clear(&table->texts);
    memset(table, 0, sizeof(*table));
}

static bool grow_rows(struct policy_known_table *table, struct error *err)
{
    size_t wanted = table->capacity == 0 ? FIRST_ROWS : 2 * table->capacity;

    for (size_t i = 0; i < POLICY_KNOWN_COLUMNS; i++) {
        uint32_t *grown = NULL;

        if (!table->has[i]) {
            continue;
        }
        grown = realloc(table->cell[i], wanted * sizeof(*grown));
        if (grown == NULL) {
            return no_memory(err);
        }
        memset(grown + table->capacity, 0, (wanted - table->capacity) * sizeof(*grown));
        table->cell[i] = grown;
    }
    table->capacity = wanted;
    return true;
}

bool policy_known_table_row(struct policy_known_table *table, struct error *err)
{
    if (table->rows >= LIMIT_KNOWN_ROWS) {
        return error_set(err, REASON_KNOWN_LIST, "more than %u rows", LIMIT_KNOWN_ROWS);
    }
    if (table->rows == table->capacity && !grow_rows(table, err)) {
        return false;
    }
    table->rows++;
    return true;
}

bool policy_known_table_cell(struct policy_known_table *table, size_t column, struct bytes value,
                             struct error *err)
{
    char normal[POLICY_KNOWN_CELL_MAX + 1];
    struct bytes trimmed = text_trim(value);

    if (!policy_known_normal(column, trimmed, normal)) {
        return error_set(err, REASON_KNOWN_LIST, "%s: a value of %zu bytes, or with NUL in it",
                         columns[column].name, trimmed.len);
    }
    if (normal[0] == '\0') {
        return true;
    }
    table->cell[column][table->rows - 1] = (uint32_t)table->texts.len;
    return buffer_append(&table->texts, normal, strlen(normal) + 1, err);
}

const char *policy_known_table_get(const struct policy_known_table *table, size_t column,
                                   size_t row)
{
    return (const char *)table->texts.data + table->cell[column][row];
}

/* ---- finding --------------------------------------------------------------------------------- */

/* FNV-1a: the list is the administrator's, nobody can fill a slot by choosing values. */
static uint32_t hash_text(const char *text)
{
    uint32_t hash = FNV_OFFSET;

    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
    }
    return hash ^ (hash >> 16);
}

/* The slot of a value: its chain, or the free one where it would be. */
static struct policy_known_chain *find_slot(const struct policy_known_table *table, size_t column,
                                            const char *normal)
{
    size_t at = hash_text(normal) & (table->slots - 1);
    struct policy_known_chain *chain = table->chain[column];

    while (chain[at].first != 0
           && strcmp(policy_known_table_get(table, column, chain[at].first - 1), normal) != 0) {
        at = (at + 1) & (table->slots - 1); /* at most half of the slots are used */
    }
    return &chain[at];
}

static bool index_column(struct policy_known_table *table, size_t column, struct error *err)
{
    table->next[column] = calloc(table->rows, sizeof(uint32_t));
    table->chain[column] = calloc(table->slots, sizeof(struct policy_known_chain));
    if (table->next[column] == NULL || table->chain[column] == NULL) {
        return no_memory(err);
    }
    for (size_t row = table->rows; row-- > 0;) {
        const char *value = policy_known_table_get(table, column, row);
        struct policy_known_chain *slot = NULL;

        if (value[0] != '\0') {
            slot = find_slot(table, column, value);
            table->next[column][row] = slot->first;
            slot->first = (uint32_t)row + 1;
            slot->count++;
        }
    }
    return true;
}

bool policy_known_table_index(struct policy_known_table *table, struct error *err)
{
    if (table->rows == 0) {
        return true;
    }
    table->slots = 2;
    while (table->slots < 2 * table->rows) {
        table->slots *= 2;
    }
    for (size_t i = 0; i < POLICY_KNOWN_COLUMNS; i++) {
        if (table->has[i] && !index_column(table, i, err)) {
            return false;
        }
    }
    return true;
}

struct policy_known_chain policy_known_table_find(const struct policy_known_table *table,
                                                  size_t column, const char *normal)
{
    struct policy_known_chain none = { 0, 0 };

    return table->rows == 0 || normal[0] == '\0' ? none : *find_slot(table, column, normal);
}
