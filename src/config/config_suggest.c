/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_suggest.h"

#include <string.h>

#define SUGGEST_MAX 64u /* longer words are no typing errors */

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with neighbours swapped counting once: the commonest typing error. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][SUGGEST_MAX + 1];
    size_t *before = rows[0]; /* row i - 2 */
    size_t *last = rows[1];   /* row i - 1 */
    size_t *row = rows[2];

    memset(rows, 0, sizeof(rows));
    for (size_t j = 0; j <= b_len; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;

            row[j] = least(least(last[j] + 1, row[j - 1] + 1), last[j - 1] + change);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2])
                && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[b_len];
}

void config_suggest_offer(struct config_suggest *s, const char *word, const char *result)
{
    size_t typed_len = strlen(s->typed);
    size_t word_len = strlen(word);
    size_t near_enough = typed_len < 6 ? 1 : typed_len / 3;
    size_t d = 0;

    if (typed_len == 0 || typed_len > SUGGEST_MAX || word_len > SUGGEST_MAX) {
        return;
    }
    d = distance(s->typed, typed_len, word, word_len);
    if (d <= near_enough && (s->best == NULL || d < s->distance)) {
        s->best = result;
        s->distance = d;
    }
}

const char *config_suggest_word(const char *typed, const char *const *words)
{
    struct config_suggest s = { typed, NULL, 0 };

    for (size_t i = 0; words[i] != NULL; i++) {
        config_suggest_offer(&s, words[i], words[i]);
    }
    return s.best;
}
