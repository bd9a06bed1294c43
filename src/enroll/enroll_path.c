/* SPDX-License-Identifier: Apache-2.0 */
#include "enroll/enroll_path.h"

#include "enroll/enroll_renewal.h"

#define CHALLENGE_RULES 3u /* of enum renewal_challenge */

/*
 * What is not here is refused: a RenewalReq that is self-signed or signed with a certificate of
 * somebody else, whatever challenge is in it; and a PKCSReq of such a signer without one.
 */
static const struct {
    enum enroll_kind kind;
    enum enroll_signer signer;
    bool challenge;
    enum enroll_path path[CHALLENGE_RULES]; /* first, either, both */
} rows[] = {
#define ALWAYS(path)                                                                               \
    {                                                                                              \
        path, path, path                                                                           \
    }
    { ENROLL_KIND_NEW, ENROLL_SIGNER_SELF, true, ALWAYS(PATH_CHALLENGE) },
    { ENROLL_KIND_NEW, ENROLL_SIGNER_SELF, false, ALWAYS(PATH_CHALLENGE) },
    { ENROLL_KIND_NEW, ENROLL_SIGNER_ACCEPTED, true, { PATH_CHALLENGE, PATH_EITHER, PATH_BOTH } },
    { ENROLL_KIND_NEW, ENROLL_SIGNER_ACCEPTED, false, ALWAYS(PATH_CERTIFICATE) },
    /* RFC 8894 2.3: it may be another CA's certificate; the challenge decides all the same */
    { ENROLL_KIND_NEW, ENROLL_SIGNER_OTHER, true, ALWAYS(PATH_CHALLENGE) },
    { ENROLL_KIND_RENEWAL,
      ENROLL_SIGNER_ACCEPTED,
      true,
      { PATH_CERTIFICATE, PATH_CERTIFICATE, PATH_BOTH } },
    { ENROLL_KIND_RENEWAL, ENROLL_SIGNER_ACCEPTED, false, ALWAYS(PATH_CERTIFICATE) },
#undef ALWAYS
};

enum enroll_signer enroll_path_signer(const struct enroll_options *options,
                                      const struct enroll_request *request)
{
    if (request->signer_self_signed) {
        return ENROLL_SIGNER_SELF;
    }
    return options->renewal.enabled && enroll_renewal_accepts(options, request->signer)
               ? ENROLL_SIGNER_ACCEPTED
               : ENROLL_SIGNER_OTHER;
}

static bool look_up(const struct enroll_options *options, const struct enroll_request *request,
                    enum enroll_signer signer, enum enroll_path *path)
{
    size_t rule = (size_t)options->renewal.challenge;

    for (size_t i = 0; rule < CHALLENGE_RULES && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].kind == request->kind && rows[i].signer == signer
            && rows[i].challenge == request->csr.has_challenge) {
            *path = rows[i].path[rule];
            return true;
        }
    }
    return false;
}

static bool refuse(const struct enroll_options *options, enum enroll_signer signer,
                   struct error *err)
{
    if (signer == ENROLL_SIGNER_SELF) {
        return error_set(
            err, options->renewal.enabled ? REASON_RENEWAL_REFUSED : REASON_RENEWAL_NOT_ENABLED,
            "a RenewalReq that is self-signed, not signed with an issued certificate");
    }
    if (!options->renewal.enabled) {
        return error_set(err, REASON_RENEWAL_NOT_ENABLED,
                         "signed with an existing certificate and without challenge: a renewal");
    }
    return enroll_renewal_refuse_issuer(options, err);
}

bool enroll_path_find(const struct enroll_options *options, const struct enroll_request *request,
                      enum enroll_path *path, struct error *err)
{
    enum enroll_signer signer = enroll_path_signer(options, request);

    if (!look_up(options, request, signer, path)) {
        return refuse(options, signer, err);
    }
    if (signer == ENROLL_SIGNER_SELF && !request->csr.has_challenge && options->approval.manual) {
        *path = PATH_APPROVAL;
    }
    return true;
}
