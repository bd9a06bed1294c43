/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

struct address_table {
    uint64_t key[2];
    size_t rows;
    size_t row_entries;
    struct address_entry entries[];
};

/* ---- addresses ------------------------------------------------------------------------------- */

struct ip_address address_counted(const struct ip_address *peer)
{
    struct ip_address address = *peer;

    if (address.v6) {
        memset(address.octets + 8, 0, 8);
    } else {
        memset(address.octets + 4, 0, 12);
    }
    return address;
}

void address_counted_format(const struct ip_address *address, char text[IP_TEXT_MAX])
{
    size_t len;

    ip_address_format(address, text);
    len = strlen(text);
    if (address->v6 && !text_copy(text + len, IP_TEXT_MAX - len, "/64")) {
        text[len] = '\0';
    }
}

/* ---- hash ------------------------------------------------------------------------------------ */

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

/* SipHash-2-4 of three words; the last one of the specification holds the length, here always 24.
 */
static uint64_t hash(const uint64_t key[2], const uint64_t words[3])
{
    uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                      key[0] ^ UINT64_C(0x6c7967656e657261),
                      key[1] ^ UINT64_C(0x7465646279746573) };

    for (size_t i = 0; i < 3; i++) {
        sip_word(v, words[i]);
    }
    sip_word(v, UINT64_C(24) << 56);
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static struct address_entry *row_of(struct address_table *t, uint32_t scope,
                                    const struct ip_address *address)
{
    uint64_t words[3] = { (uint64_t)scope << 1 | (address->v6 ? 1 : 0), 0, 0 };

    if (t->rows == 1) {
        return t->entries;
    }
    memcpy(&words[1], address->octets, sizeof(address->octets));
    return t->entries + (size_t)(hash(t->key, words) % t->rows) * t->row_entries;
}

/* ---- table ----------------------------------------------------------------------------------- */

struct address_table *address_table_create(size_t rows, size_t row_entries, struct error *err)
{
    struct address_table *t =
        calloc(1, sizeof(*t) + rows * row_entries * sizeof(struct address_entry));

    if (t == NULL) {
        (void)error_set(err, REASON_NO_MEMORY, "out of memory for addresses");
        return NULL;
    }
    t->rows = rows;
    t->row_entries = row_entries;
    if (!secret_random(t->key, sizeof(t->key), err)) {
        free(t);
        return NULL;
    }
    return t;
}

void address_table_free(struct address_table *t)
{
    free(t);
}

static struct address_entry *find_in(struct address_entry *row, size_t count, uint32_t scope,
                                     const struct ip_address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (row[i].count != 0 && row[i].scope == scope
            && ip_address_equal(&row[i].address, address)) {
            return &row[i];
        }
    }
    return NULL;
}

struct address_entry *address_table_find(struct address_table *t, uint32_t scope,
                                         const struct ip_address *peer)
{
    struct ip_address address = address_counted(peer);

    return find_in(row_of(t, scope, &address), t->row_entries, scope, &address);
}

/* Of two entries, the one that is missed less. */
static bool goes_before(const struct address_entry *a, const struct address_entry *b)
{
    return a->count != b->count ? a->count < b->count : a->last_us < b->last_us;
}

static struct address_entry *make_room(struct address_entry *row, size_t count, int64_t period_us,
                                       int64_t now_us)
{
    struct address_entry *victim = row;

    for (size_t i = 0; i < count; i++) {
        if (row[i].count == 0 || now_us - row[i].last_us >= period_us) {
            return &row[i];
        }
        if (goes_before(&row[i], victim)) {
            victim = &row[i];
        }
    }
    return victim;
}

struct address_entry *address_table_take(struct address_table *t, uint32_t scope,
                                         const struct ip_address *peer, int64_t period_us,
                                         int64_t now_us)
{
    struct ip_address address = address_counted(peer);
    struct address_entry *row = row_of(t, scope, &address);
    struct address_entry *entry = find_in(row, t->row_entries, scope, &address);

    if (entry == NULL) {
        entry = make_room(row, t->row_entries, period_us, now_us);
        *entry = (struct address_entry){
            .address = address, .scope = scope, .first_us = now_us, .last_us = now_us
        };
    }
    return entry;
}

size_t address_table_places(const struct address_table *t)
{
    return t->rows * t->row_entries;
}

const struct address_entry *address_table_at(const struct address_table *t, size_t place)
{
    return &t->entries[place];
}
