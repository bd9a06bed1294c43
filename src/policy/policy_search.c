/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_search.h"

#include <string.h>

#include "policy/policy_variable.h"

#define ACCEPT_BYTES 16384u /* what asking whether a way is the one counts as */
#define BYTES_PER_STEP 32u  /* looking at a long value costs more than at a short one */

/* What does not change while one search runs, and its stack. */
struct run {
    struct policy_search *s;
    size_t depth;    /* frames in use */
    size_t deficit;  /* values that rows still need to reach their minimum */
    size_t furthest; /* depth at which the failure was noted, plus one */
};

static size_t value_at(const struct policy_search *s, size_t place)
{
    return s->order == NULL ? place : s->order[place];
}

static bool spend(struct policy_search *s, size_t bytes)
{
    unsigned cost = 1 + (unsigned)(bytes / BYTES_PER_STEP);

    if (s->steps < cost) {
        s->steps = 0;
        s->exhausted = true;
        return false;
    }
    s->steps -= cost;
    return true;
}

static const struct policy_binding *find_binding(const struct policy_bindings *bindings,
                                                 const struct policy_part *part)
{
    for (size_t i = 0; i < bindings->count; i++) {
        const struct policy_binding *b = &bindings->item[i];

        if (b->variable == part->variable
            && (part->variable != POLICY_VARIABLE_UNKNOWN || bytes_equal(b->name, part->text))) {
            return b;
        }
    }
    return NULL;
}

static void note(struct run *run, const struct policy_search_frame *f, size_t part,
                 const struct policy_binding *earlier)
{
    /* part by part within a frame, frame by frame within the search */
    size_t here = (run->depth + 1) * (POLICY_PARTS_MAX + 1) + part;

    if (run->s->failure.is_set
        && (run->s->failure.conflict == (earlier != NULL) ? here <= run->furthest
                                                          : earlier == NULL)) {
        return;
    }
    run->furthest = here;
    run->s->failure = (struct policy_search_failure){
        .is_set = true,
        .value = value_at(run->s, f->value),
        .row = f->row,
        .part = part,
        .conflict = earlier != NULL,
        .earlier = earlier == NULL ? bytes_of(NULL, 0) : earlier->value,
    };
}

static bool push(struct run *run, struct policy_search_frame frame)
{
    struct policy_search *s = run->s;

    if (run->depth == s->frame_max) {
        s->exhausted = true;
        return false;
    }
    frame.bindings = (uint16_t)s->bindings->count;
    s->frame[run->depth++] = frame;
    return true;
}

/* ---- the choice of a row --------------------------------------------------------------------- */

static void load(struct run *run, size_t row)
{
    struct policy_search_row *r = &run->s->row[row];

    r->load++;
    run->deficit -= r->load <= r->min ? 1 : 0;
}

static void unload(struct run *run, size_t row)
{
    struct policy_search_row *r = &run->s->row[row];

    run->deficit += r->load <= r->min ? 1 : 0;
    r->load--;
}

/* A row that takes the same values was refused for this value: this one will be too. */
static bool twin_was_tried(const struct policy_search *s, size_t row)
{
    for (size_t i = s->row[row].twin; i < row; i++) {
        if (s->row[i].twin == s->row[row].twin && s->row[i].load < s->row[i].max) {
            return true;
        }
    }
    return false;
}

static bool next_row(struct run *run, struct policy_search_frame *f)
{
    struct policy_search *s = run->s;
    size_t value = value_at(s, f->value);
    size_t rest = s->value_count - f->value - 1u;
    size_t from = 0;

    if (f->row != POLICY_NO_ROW) {
        unload(run, f->row);
        from = f->row + 1u;
    }
    s->bindings->count = f->bindings;
    for (size_t row = from; row < s->row_count; row++) {
        if ((s->fits != NULL && s->fits[value * s->row_count + row] == 0)
            || s->row[row].load >= s->row[row].max || twin_was_tried(s, row)) {
            continue;
        }
        if (!spend(s, 0)) {
            break;
        }
        load(run, row);
        if (run->deficit <= rest) {
            f->row = (uint16_t)row;
            return true;
        }
        unload(run, row);
    }
    f->row = POLICY_NO_ROW;
    return false;
}

/* ---- the choice of an end -------------------------------------------------------------------- */

/* There is room: next_end has looked. */
static void bind(struct policy_bindings *bindings, const struct policy_part *part,
                 struct bytes value)
{
    bindings->item[bindings->count++] =
        (struct policy_binding){ part->variable, part->text, value };
}

/* Could the pattern go on here? Saves looking at values that lead nowhere. */
static bool goes_on(const struct policy_parts *parts, size_t part, struct bytes text, size_t end)
{
    const struct policy_part *next = part + 1 < parts->count ? &parts->item[part + 1] : NULL;

    if (end < text.len && (text.data[end] & 0xc0u) == 0x80u) {
        return false; /* inside a character */
    }
    if (next == NULL) {
        return end == text.len;
    }
    return next->is_variable
           || (text.len - end >= next->text.len
               && memcmp(text.data + end, next->text.data, next->text.len) == 0);
}

/* The variable has a value already: it fits here, or nothing does. */
static bool take_bound(struct run *run, struct policy_search_frame *f, struct bytes text,
                       const struct policy_binding *bound)
{
    size_t len = bound->value.len;
    bool last = f->part + 1u == run->s->row[f->row].parts->count;

    if (f->end > f->at) {
        return false; /* tried before */
    }
    f->end = (uint32_t)(f->at + len);
    if (!spend(run->s, len)) {
        return false;
    }
    if (text.len - f->at < len || (last && text.len - f->at != len)
        || !policy_variable_same(bound->variable, bound->value, bytes_of(text.data + f->at, len))) {
        note(run, f, f->part, bound);
        return false;
    }
    return true;
}

static bool next_end(struct run *run, struct policy_search_frame *f)
{
    struct policy_search *s = run->s;
    const struct policy_parts *parts = s->row[f->row].parts;
    const struct policy_part *part = &parts->item[f->part];
    struct bytes text = s->value[value_at(s, f->value)];
    const struct policy_binding *bound = NULL;
    size_t min = 0;
    size_t max = 0;
    size_t end = 0;

    s->bindings->count = f->bindings;
    bound = find_binding(s->bindings, part);
    if (bound != NULL) {
        return take_bound(run, f, text, bound);
    }
    if (s->bindings->count == POLICY_BINDINGS) {
        s->exhausted = true; /* no way can be longer than the room for it */
        return false;
    }
    policy_variable_range(part->variable, &min, &max);
    end = f->end > f->at ? f->end + 1u : f->at + min;
    if (f->part + 1u == parts->count && end < text.len) {
        end = text.len; /* the last one takes the rest */
    }
    for (; end <= text.len && end - f->at <= max; end++) {
        if (!spend(s, 0)) {
            return false;
        }
        if (!goes_on(parts, f->part, text, end)) {
            continue;
        }
        if (!spend(s, end - f->at)) {
            return false;
        }
        if (policy_variable_valid(s->policy, part->variable,
                                  bytes_of(text.data + f->at, end - f->at))) {
            bind(s->bindings, part, bytes_of(text.data + f->at, end - f->at));
            f->end = (uint32_t)end;
            return true;
        }
    }
    note(run, f, f->part, NULL);
    return false;
}

/* ---- the walk -------------------------------------------------------------------------------- */

/* All values are given away: is this how they are meant? */
static bool is_accepted(struct policy_search *s)
{
    return s->accept == NULL
           || (spend(s, ACCEPT_BYTES) && s->accept(s->accept_context, s->bindings));
}

/* The value is used up: the next one, or the end. */
static bool value_done(struct run *run, const struct policy_search_frame *f)
{
    if (f->value + 1u == run->s->value_count) {
        return run->deficit == 0 && is_accepted(run->s);
    }
    (void)push(run, (struct policy_search_frame){ .value = (uint16_t)(f->value + 1u),
                                                  .row = POLICY_NO_ROW,
                                                  .part = POLICY_FRAME_ROW });
    return false;
}

/* From the choice that was just made to the next one. True: all values are given away. */
static bool proceed(struct run *run, struct policy_search_frame f)
{
    const struct policy_parts *parts = run->s->row[f.row].parts;
    struct bytes text = run->s->value[value_at(run->s, f.value)];
    size_t part = f.part == POLICY_FRAME_ROW ? 0 : f.part + 1u;
    size_t at = f.part == POLICY_FRAME_ROW ? 0 : f.end;

    if (part < parts->count && !parts->item[part].is_variable) {
        struct bytes literal = parts->item[part].text;

        if (text.len - at < literal.len || memcmp(text.data + at, literal.data, literal.len) != 0) {
            note(run, &f, part, NULL);
            return false;
        }
        at += literal.len;
        part++;
    }
    if (part == parts->count) {
        if (at != text.len) {
            note(run, &f, part, NULL);
            return false;
        }
        return value_done(run, &f);
    }
    (void)push(run, (struct policy_search_frame){ .value = f.value,
                                                  .row = f.row,
                                                  .part = (uint16_t)part,
                                                  .at = (uint32_t)at,
                                                  .end = (uint32_t)at });
    return false;
}

/* The rows that were chosen, from the frames of the way that led to the end. */
static void tell(const struct run *run)
{
    for (size_t i = 0; run->s->assigned != NULL && i < run->depth; i++) {
        const struct policy_search_frame *f = &run->s->frame[i];

        if (f->part == POLICY_FRAME_ROW) {
            run->s->assigned[value_at(run->s, f->value)] = f->row;
        }
    }
}

bool policy_search_run(struct policy_search *s)
{
    struct run run = { .s = s };
    size_t bindings = s->bindings->count;

    for (size_t i = 0; i < s->row_count; i++) {
        run.deficit += s->row[i].min;
    }
    if (s->value_count == 0) {
        return run.deficit == 0;
    }
    (void)push(&run,
               (struct policy_search_frame){ .row = POLICY_NO_ROW, .part = POLICY_FRAME_ROW });
    while (run.depth > 0 && !s->exhausted) {
        struct policy_search_frame *f = &s->frame[run.depth - 1];

        if (f->part == POLICY_FRAME_ROW ? !next_row(&run, f) : !next_end(&run, f)) {
            run.depth--;
        } else if (proceed(&run, *f)) {
            tell(&run);
            return true;
        }
    }
    s->bindings->count = bindings;
    return false;
}
