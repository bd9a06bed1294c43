/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Purpose:  a long text encrypted in chunks, so that neither side needs all of it in memory and
 *           nothing can be left out, put elsewhere, repeated or added.
 * Not here: where the chunks are kept and how the key is made (service/backup_file.h).
 * Owns:     a cipher context with the key.
 * Threads:  a stream belongs to one thread at a time.
 * Spec:     the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar: Online
 *           Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015) over AES-256-GCM
 *           (NIST SP 800-38D): nonce = prefix (7) | number of the chunk (4, big-endian) | last (1).
 */
#ifndef OPENNDES_BASE_CRYPTO_STREAM_H
#define OPENNDES_BASE_CRYPTO_STREAM_H

#include "base/buffer.h"

#define CRYPTO_STREAM_KEY_BYTES 32u
#define CRYPTO_STREAM_PREFIX_BYTES 7u
#define CRYPTO_STREAM_TAG_BYTES 16u
#define CRYPTO_STREAM_CHUNKS_MAX UINT32_MAX

struct crypto_stream;

/*
 * A key is used for one stream. associated: borrowed while the stream lives, bound to every chunk.
 * NULL on failure. Errors: REASON_NO_MEMORY, REASON_INTERNAL.
 */
struct crypto_stream *crypto_stream_open(const uint8_t key[CRYPTO_STREAM_KEY_BYTES],
                                         const uint8_t prefix[CRYPTO_STREAM_PREFIX_BYTES],
                                         struct bytes associated, struct error *err);
void crypto_stream_close(struct crypto_stream *stream); /* wipes; NULL is allowed */
/* Begin again with chunk 0: only to read the same stream once more. */
void crypto_stream_rewind(struct crypto_stream *stream);

/*
 * Encrypt the next chunk; out gets plain.len + CRYPTO_STREAM_TAG_BYTES bytes. Nothing follows the
 * last one. Errors: REASON_INTERNAL, REASON_LIMIT (too many chunks).
 */
MUST_USE bool crypto_stream_seal(struct crypto_stream *stream, struct bytes plain, bool is_last,
                                 uint8_t *out, struct error *err);
/*
 * Decrypt the next chunk; out gets sealed.len - CRYPTO_STREAM_TAG_BYTES bytes, which are wiped when
 * they are not genuine. *genuine false: changed, out of order, or cut off or longer than it was.
 * Errors: REASON_INTERNAL, REASON_LIMIT.
 */
MUST_USE bool crypto_stream_open_chunk(struct crypto_stream *stream, struct bytes sealed,
                                       bool is_last, uint8_t *out, bool *genuine,
                                       struct error *err);

#endif
