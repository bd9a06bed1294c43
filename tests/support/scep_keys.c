/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tests/fixtures/scep/make_keys. */
#include "support/scep_keys.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

/* clang-format off */

/* RSA rsa_keygen_bits:2048 */
static const char ca_2048[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCIgvBnuZ9I0Xnf\n"
    "S6czJUNEtr55Q3ENRko2C1lRS1GX0MoP1oxTgB+4mp75nzRw+/qNE1OdyjVk4qpx\n"
    "sWsuZdVIQZYFxXcma+4AD1tt+FalgR6i3/9iJKG1ucgTXb8MPN1oiI34oLKG8/sA\n"
    "D4tyonfLiC2Vd2onEUh+ejrx16e7pLmiyLPM17bfSjnr+2yzJQo6JVz3mjLIzJj8\n"
    "Wtvya5VQ/J/Q4QmDSZ6DzNQnFbnQoWxdkMZPJlWjkoqzqSHxjBQnG3kvptxyZwsC\n"
    "DPZKv+7BX0KRh0HnB5dsrBHYyapim8AZxHfWBXgBAvjzvmpj0yNdB5HyzbQYM4KG\n"
    "e1ty3YIfAgMBAAECggEAKfO3huDsOxgpMH7S7OxkLl9MzP51ZUN3NgGp2spfUl0X\n"
    "Y+Om71heJ0DZX1RWbOx7NNS+Ky1D2HOyNstz6WfhMln5jV+AfP3JQBp4GiUqF6XF\n"
    "MP/Ov64LRkpIWu9B8bRYxLHGk6RrCP884WlljP6x+wooHBl9NXFhyoCs0brZMNh9\n"
    "SKMN3AIr/Bt07jHl7DykmOh9GxwJpZPqVb4eT6voMvSQfBO/nYKYAaS+tygLkgzr\n"
    "WzFE28UeYndFkZWW9IiBnUx1eFQXR5Ci2cA/OSEXqrWcbqPfRZtiVF9qZ15Fip8N\n"
    "McuNLhKSb9OA0oT3DEQGM9h3JP1mM1Ozdbhr7kkqLQKBgQC/A1p6DirYrvwKTeSa\n"
    "by7oyuL8jLQChP8zqfCUI06HnrHVtqP0D1GjQ3tdiiqF6HZQwCqf/tZ1FkdopDVr\n"
    "zvupMLLnfpzWglN73kmtZvnFt0bVwGbu7LHKtUBOfuq1XXPDdhQPeA9IrKK8XTV1\n"
    "i91IUvRPncImFOSWB1p1iivPKwKBgQC29KoODq0SRgw+DHIYbudbRIZY0lmMMy6q\n"
    "Y9ET4dIlBBhMBE9G1/EstkH25ANGIgIzG/H6wO3eiUTAeCkppFqJBp0a+4xtZQW3\n"
    "32JkLmNk9DD6+GLB/LKGbEqL50GZhgKC/lhXhHWNamEA99nSMpfY/p1I6Rrx6oyR\n"
    "LXHU4v3+3QKBgQCoOJbVCWcYn7rehE0A6UwhvpR7IJtj4Kc0Y8S5YgLGE6/AbHIl\n"
    "/dvC8ipSbd0XQ2v3n9WqRG+wfGd1M7DMemROU9IrZ+lOTUaiv1iZuyfbxZY/p4u/\n"
    "fXry7/9rYgDoqx3JlVMDcJPdSBSl2Vy8YeoGyO/asjALA7lwm5dCDuaYMwKBgEAx\n"
    "mpVyGtHlmBgRX9so1q6UXZs+u0LRFpecjFiwjH6GcEwD2xkdXbb1gDGzkV6DQkhS\n"
    "jtYP6aaCfYgW4UKGM2oO0wMLrhsYLih1Dd3e1OswLxtwGZ69HprB1mo+Sysl9S2n\n"
    "NrIGfQSQhdbEID57mAIAXImfmN+3D3lE+8LZnotVAoGBAKdUh415T3Vrw1QcRHgJ\n"
    "L4JMPREu3bzAk7slCz9uvDjvho5hYT+EofvPqUCfMybkBTVQsXnFta+wBe2gFgyK\n"
    "OcbunSBOlAw6yUxnIix9JViGF3YhJ7r05rwmcOe7nATGCS8fuvtIaokjvRC1RaMQ\n"
    "8qIiK/usHG8kgp8Q626h9Jst\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:2048 */
static const char ra_2048[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC0y/3h50JR07hI\n"
    "AAOQYifDS70gwsz9J/ot74RRv276IZUvZZcckhBPG0dqzqnYbms+y+vhOL8k4aSh\n"
    "y51w6jHFviwmEvrz3mISaKGAM++7mt6t4iARKr4RX/D4EIblt4mtGJ5Zo95h0Lwv\n"
    "Q2HXUUSufiLJfQ6zPrL7IJ4gN8zDiXx23W0DFHrnhvzTKfpcH4lKsL+CryNifwx7\n"
    "au27/cjUIov4ddq9hJBrXvwvOlybqmM9Hvu9P6uP+duyx2revX0ww9zWktyS44+R\n"
    "qxEpyBAiy9AnW8ugYO9HgMQP7hvzx4ltXGnZNQEd0bqFROVcbn5vFJIfSrnFA6pP\n"
    "Iuxi48JfAgMBAAECggEAIm/UjOnirPlZ2YT/KMo5bq6HeK0CJJovwf4kQvnmpogt\n"
    "BVkhXlTH/HlisgppOYtWrCBlboHDjr/X/uVsuKwzDMo7WIk2+ap7HayGTogV+rL2\n"
    "BULT/tEYYPDYUje7qhe6hpjw2HwpCJKctZftE/krztzBvYUvfp7Lsp+03sgiHYBJ\n"
    "liZRGX6xAaLJm/V11Pj2bb5X7WDSQ9CXMgVMUwygNAi57/iKxY0G8lwrc67KP2i4\n"
    "+NtTV33N7wP9AsKqxRnMhNmTdGAbwQHkyQzS4RU4Ra8OoKPTqeLSaKbod/Pk3+kh\n"
    "exZ3Z3YvaOtKKLYgAEmtzbHXPrNWyI21UdOYuhTn0QKBgQDbwq2AtvE/ZZx/Dglr\n"
    "aZAMGhY9hlxT6VTpaPJVzOQnkuor9aWJY8jcfC+7h9qeIpkzwP/k7E3sdbZIWI2m\n"
    "EyKnXwk2genlGaZDfq3qke6XU8HamlO1pYicopVkVZXPlleIXEPoArIu+UvioRrP\n"
    "w7ZJjN++qQjnDcD7afiKtD5uxwKBgQDSnHDoTV9UrzjeD02EFwcac0zE41mbGoYN\n"
    "m72i8IlkibJQx6N+KIn2Bfdp1jBFCqc74VegFEoLdQiS6AtZNzf0OBpAU1DCdVRk\n"
    "r07bC0QQjHFqRHxhP+0XXd+kFWR7yIJUh4emXSybu6wRhLb//kf8S3CL1lhZ8nTo\n"
    "3CoQBsFXqQKBgFbSXwHPRRiq6F06CnapSgO9+rNr9eYg9S8SC0vimvEXlfSwJCpX\n"
    "he+2EJWiYri/Ko/L3E1xHoghKVcDxVKrlLFTVqx2PxYIQCvCTKuz4/NdX+Uhu5i0\n"
    "QXjAswzk0z8kQojZCusKxaLRUy3CQHl89POx+GO3HJFMWcX6Y/tIorHZAoGBALiB\n"
    "wRBiKDACSamQcnJT0i9D729VVTziYaouVFYYr+TaFNNb8kklrqdP1s5rjGIP0S5O\n"
    "Xfupiqy63MYGb1q7W1Oiiqzr0IZrT4HdaxHOrtRolTtpwCVaYZTk8nXHH/6pTDRN\n"
    "f3MpkVjlcvrt73wZAmtuk6yOHVy/YdhWeKsNn/fxAoGAA42dtaCVgZFXA/GyomEs\n"
    "iAlDJ8AZdNWymNSHuRAmvgXzrNWGy97e+33Od9//n4Z0W4qb8ZwMD3auxmeoQOWK\n"
    "aZWNpoXCsqrz/DvUyatB4xAs0CI8rNZLtzwx8sCMVf3qHazWHUWtFvwwagGiwL3f\n"
    "2RppghSa/IM3ZngBS9zRsC8=\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:2048 */
static const char old_ra_2048[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQClrNocmH+pcl3/\n"
    "I1f8NZW6o7yD+xgbY0qV3iqAUYT4F/jdvFQybOYTCSCxQEpxNdwRuYYUewIlJ2gN\n"
    "at2MGhk8FsPj/mfuNf41F5l/41jObru1ZI6+7wXU4QccWa304qancrLwed7BpNM/\n"
    "96BO5YHAdXzCSaAoK+35H7iKc1sJUI2ZvJKIyPKcApGR3cx12THkFoiyz3lJVDL4\n"
    "CFPp0FJKilkhtOiaQc9RsmTC3cPKyEmlhLb/+4CvJS1XeNrEEJQUp5cAE24mJXrf\n"
    "MRlSMrWit+g93zwZUj1WPN0kVNHbMCq0V3OVeMJc0s95Gi0HsyjZBxQX9HTh5Qyd\n"
    "DUd+CH1zAgMBAAECggEAEXImvk0hYFaukZUyCNkcV7zcjJSugK/Pelbx6HTtHhzp\n"
    "dBwGomViQuM6rJTwYdnXPzc8kxUy8CD6rYhbz7WDLmyCmz8TyFCqNgKyriC4HiDT\n"
    "UQdyRVExLti1YXsLZ5ajEE3yjC0hKQiyGscje+YMvZdW7bSdZ1gyOoITHOKHKxnu\n"
    "LH7EsVzbNj4j6rXxwxlJ7Mx8RBR9+zZqXWNdmOn7nUfIvHb6cFm0X6681ik06naJ\n"
    "QFVOSzarFtnCbVBNmR4uOjV+zkRCTFVapECRbWU3hIRqO4ixlWPVqMXb4JB4i6yJ\n"
    "FwxxxxeRwQdXd7fxYC0M8ab5/W1dspQ+TOu3lKiUwQKBgQDXbiU0HCiejDPe9P70\n"
    "h4axYmga+941GPUl2UzGgyFvJ1OHNHJBg2wiee9k2Mc25uINiNFYC/oNoQWAZOci\n"
    "2lrvbOlqy9XtkECu9h2gI2eVx9PuBEAZy62ZOS+/xsN0vXAGtyDPsvREy31RRBph\n"
    "1JI1OFo/S7IZ2/YMccxx7WmCMwKBgQDE4AY9RmEb9sejNIuiQkEg0PnCoqqihtmk\n"
    "SklDPMslhArhUw3O2WZU9MdD0JCj3UksDG6sD5mFsd4RklkgdmH2UwpF26eRPneV\n"
    "Q+up4LPn9M9pSKRHmXGoeW+j3ojrpiir0oWUN4oHkgwuQi1vlSShy1mScCz/GOEJ\n"
    "7md2bspXwQKBgAV2l57wr98FczNOR0DwRuwssLMue/4guebR0e6e2LQ27RlarSMY\n"
    "MB/Xs8h87uBnjogFVjnDY/4AfWE6LdpmazPzMSAyNySlKd7GAw5Sl4fm32sD1JRS\n"
    "4/4kwx877S0CuNqSvlRGF4e/GVh8P6cHewW6fh9ozgV13JGIOUUSXkCdAoGAeb3G\n"
    "XfG9bxtlTCjcB9RMjcxsBc2tEp+sygkd0LQxMtu6FqfTLAwHWZWb+vVn28ykyNZP\n"
    "QZrL5n6cweTrtEVAQqALBDPWJNyp+eVsPzoyRcd+0q4W2Cesvu+I955OsNmo4Mdn\n"
    "zsWhVxka6ygFDLD/XAVxODqhuIVb81Y3KGdOPIECgYBpCFcCfXHY0OWw71TNuGCK\n"
    "sdHP6HDUo8TfZtyRm/xsYjMk0KOf9eWBFmdqKIp6isI3OXE+KRzErfi+JTe7Oruz\n"
    "t18JWSySoNjQhyE0MVKakwqzw7G7TeqYpgfvb+2jGHeTzUC4Bghfb5KCjtKNO+Iu\n"
    "i1jcsoUZFS179BpT10VkFQ==\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:3072 */
static const char ra_3072[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIG/QIBADANBgkqhkiG9w0BAQEFAASCBucwggbjAgEAAoIBgQC/C+R5bFeWHWKi\n"
    "wGVqBCaf116LBo2Pan1pbTUlqxJV79rWLiq1r0tl3r/DHj/2a7lCAyTtmIwK5oYN\n"
    "Qe2hIMk3ZZOW618nsc0EHqwXouZDXRrmmnXntojxg4oe4idRs6M2xJzjjENcf4wv\n"
    "uIvOjn4qqlpma6VdfImJBNfn/IED8fBs6d+YRb4B7wZXYgL2KkWQCCH2pXn83oli\n"
    "6xemYexjzBxJv33pN+YYQFl0Y0ce53to83NaFmwX+Dl4w/H5ed+/vl+wXdlZ+NMl\n"
    "xq48oPVlJ8NRrUQvObLxCr8rgtMKJ+ob6TrjqYV67r20LMDOsOdSHKfwNRNxLtTV\n"
    "BzXTcu0CH6sDUnPxz17JRrVtvbzLpYakS6xNfJbjmJhqbUvPzPbjI+AS0ydThYzH\n"
    "37z6LpTbouA5rTJkkQUxoGUc8h8MyCvjx8MR7y9aZ7VwfH5gKiPOW0g8ZdRTVJcH\n"
    "ajbDEhxCztAiZKeLLIqOTMZDeSdPnhL3IQC7wE7f/ZFdvVHBPAkCAwEAAQKCAYAV\n"
    "Iaqe56X0e8GaQO+2v0jKa1cQx6PG1j+S9rpnNTns+X/aKvcca4xKc04AtgrbJeUy\n"
    "8QgXo8Txu7feJYm0Rd0b3IdrrRM0X81OhFoCr0kK8HR2R2V9QMp69FLFwbwZpGYM\n"
    "O8kivjQBOjZ2XNJSAZ7g90DSjVuYMJtB5aBAD8Txe8RdN608uZIfwqGP7s5nDhvt\n"
    "p4iiMIGCv9awc1KFW9V64GvMmHrD3iP8ULnUTtriBza2UB9VOp+wMwugWQQd1SYC\n"
    "bVKIY2VM6F1nM+lwjEaecveckKWSudYkZzfmqY1SooARMni7RgkNxHKaPXB1Dn8w\n"
    "+2tnpCY+eWn5dv4uwkFBPY2M65kB+RgmxRIYPpu2mPuZvSosLaLm3Rv5nmvVlEm4\n"
    "02kDHH91qx9afGLqJXEOlslx5ET1Erp3pYI0FfdQFbkJ8wINKLtja91LWRiE968X\n"
    "/tmftTr5GkVuqgjebopZoDxCfywzcgIlqOHaD/CcPIzDQbz56FEtcKJouy47i1UC\n"
    "gcEA9ZEoH6xykWy2jZ/UxOdkGI4VsJY5JwNT1k1qbguss1CIa49qCSjEOUs8CQuo\n"
    "7P0Hs+H0gw9iseHat/OoII8kMP6a7yU3fQjAqUyOzmiG3KCXiE2JPGlEm7Uwoyqb\n"
    "hNNKMbxdY7RVsI4T+3QEK1ormj+zsASWAnACQdTelUTJDdss4B9lS8EnfCU1XYRh\n"
    "S4PRRO779WjR0YcN3AK3836fR5XBW63a26lRN16Yiu/URnajlZ6sXldVrdE0Z7TZ\n"
    "cH0fAoHBAMcpwfDAvUJ3ni5fHocq7GwUrdKFrkf6KelJGQ/E6hW58HGToR3JYwHO\n"
    "b89ceAcITa2/FX6b0ukOK7NO91XaoydFDnAGvr/IIb/gaS4xgiwE9lvZ1gg31aLB\n"
    "A5lEHt1jSrByN3rD5bmeVeK2wKoW3gGmIWO0cmGlSH6TRg8IycrnutUKOYjqYfy6\n"
    "VblBOISynCUhOzNJnqi/NtogoltW3BRPsuU/F3YeM5hMPYI6nklH48ljhsWvfrIy\n"
    "lXzhjcv51wKBwCTjomhnqmpIL4BE81yE+hdqOL3nQzymFlEKHiPb4xyoy2WFDMPF\n"
    "ePy2XZVqR/0Z4a9XETki9YuNRyL9GlORzTkC9llYeOZyiyajloxRTXkVMs5J/4Sw\n"
    "t5rAdEb+npAsgWfJSSoyK/Ey1rOecQXmLMimKyMU/UfudZhYFvvLcnx/YVVlwfzI\n"
    "Tlsq58JdoZQLgENftz/deC+Gn0Fesy2D5v+E8qAIFOmMnOO5dSbh8jyHk/lk9bXS\n"
    "Xs+Wrs2pcESitwKBwAuRumlg2N2mkzLAZcaWULuKi/pht5kIyCx8CY+n8a0navc+\n"
    "CyruyuiM9GPITFSkP9bq9bWwGZVeNF2rJaUAGWArm8YYLjZ3yrYZtCJxz8z80M7P\n"
    "HabGj4tvyOS7V0um++y6Bc0E2jBpKTYNRa3bvDO+Ucw37DkN3+MybOxsp0Q5J9o+\n"
    "SM9SRjTnIhmr1zumIHnrr0OwcB3/VZFgOe4yYoBvjMXSX2uGH5smOqB5BT7ehTXq\n"
    "qSaMpkB1vcdOVu1VawKBwQDh88tMzP51syMvXSk8BTv0eRdXpzosFkEQbxw8Nq6y\n"
    "Qh8cGhI+Slt+8Jx9eguooRpli7fZn3EvjlwIV6fO9xVOsmj4NZsEb8glYz0RaaMj\n"
    "9c/iFSmoFvJO33h/KbwgcawmP0Un93ZPmfugrTtGbHThSULSSwoeFNApIMV3E+uB\n"
    "XeaX6IPqrVA/UrINHsV7kyGcMKrQmWcfhMC9ox06rslrG7OoTC330CwpZQB1uBQG\n"
    "yzg5nxzzLsKajI3Hefgx7m0=\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:2048 */
static const char client_2048[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDeH35c6NlVn1wd\n"
    "8msnuWUtBkn7RV2RUSddjD7cbLgraRLx+LMgCfsre153VkHKEsmQfJ4Nle3fcoBX\n"
    "vdoBpLCI5xJ10uIRbYjpJuoPS2GBF7zHWHozSoAsJsc1I4UNtSaRYCi+78tunmc9\n"
    "UqOnvy+038y4qJTeYr/Ap7xbhVEJJTjN/SC9SdTMAZ412YlMpBU07eky3txVD/f4\n"
    "43n8Srp2Mmj1Ay3WTTJ2hDMXYREacrjHoyJ30347wt/C7Wlwspc5Vq4OJw+2D0Vu\n"
    "p591JeuD/tFsGQa90IowMTCPCwtcFkFjhOpMMUAdC7l5tocBEh2YdlmeasKYadgL\n"
    "vshX517XAgMBAAECggEAUREAbstCqqevGHTlm8ljfiO583008XjDW7Z4KL17F8jQ\n"
    "88PXKB3Mb+mmJ/qwpx3lN5jrnDy4ZKEm6x7shkYDceuXhq3w+PhXi/Q6X1udGd6+\n"
    "dKi7bKXHkpWShbfRcxfGnC8Sn+Dnh5dDSZO0C+BQenxlfI12S5WRsy/kpChLU4D2\n"
    "bihOPhw78YWoxMFDAfKWzZRezwdIrqB0Ihlu1o8ym3LqGVYFrZnIvoQ8RCs2jt8g\n"
    "wRsN8LmIPYGnbOEi6cpfbI+oS4N2nEabDZk1J6LgHSyvHwAuG4ST1cU7/enKHWl7\n"
    "hgYUaBu/yMK8FoSuUyp6g4pi/3YJO5uWukp0VNtw5QKBgQD6ZlgZmxi5dZrCYfxc\n"
    "s1Ujvz1KqytXFoC4bR9FUeF4TE2iqBIWpUg0r6mBaqgL6Gr6uIcwbBJLRbbWsR2K\n"
    "hfRFzVznzNdqaSZEQdYapvvmcn3BmR1Uq7EpnqhkMyrtTGpKe8OFFArvN8msc23g\n"
    "bSkFYXZT+s/3M3M1py3cWdNNSwKBgQDjF0B1RLmv9k8dxm5tZePbXI6xIK2spKNZ\n"
    "3pSNHY3FHmi5515usq/YXHYRD5urkqZSfyEB7Rtd8apOlHaHk2i9ZPxZnMP90S+3\n"
    "Q2NnScBiPNDokaH591YXtDo5gxEe8SrHoUkkds8M1cEmmMBrSOPOLTJ7IK9f09v2\n"
    "1eX6NUa5JQKBgDey4FIB0AQhBuXKSgqM0Zl8BrQ/UwqyNLvRei0/Q3ow7uwJmsxy\n"
    "w5cEpB3nja3oazOOLHQ29fLMdRlYmIuhtG56efoN9LT04tA4HNoc3teqDBMubfnR\n"
    "nzz0z9xKDXhvkQ00bo+Bn9UKgc/cdUqAvak2vs17cxs31J7Qq0Disj/1AoGBAKjt\n"
    "D/7r27FAaUP96wEoDSKNrHuokmjdo8HjZ9+9P0uFvmOj78Qq2dH5nb49PRCZK24s\n"
    "sXIMXhI5BfYkTDO3/O7+IxXKHqU9qeAKmfQokZrCIKkQREx8p6dEYxeLHv5Eag1M\n"
    "NeuREZ47l83NTT3BX+xsBKRBARQotfTc0pGYdf6dAoGBAM+8B3HqEywYMEv8U4WJ\n"
    "i7N6lApEUSBEzag0CBaupQ8qdvJRobFBVfmyOrxT8mhxwV7m5bbED4RK0OONt1bF\n"
    "+qIVYlVDsNzbrXdmHIEillFyHkQcVp3X+Aw30TpabMxt2Yh297+Eg9TE8qDnlXex\n"
    "Ih8N7TwsFWOHrikKWuy3xkam\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:2048 */
static const char other_2048[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7SeURj0JMCbGS\n"
    "9OnUdek4Geaz9c9LDEBmGmHVNGsjlwmEADi8EyNKd6S8Xc1g45wXLQvfqgWqiXgN\n"
    "NSbBo1EmIp3UIlNLTarDT1sVwmamuDKvjscRAnbnfupU8pNYd2DE4DTzvtE+zqd8\n"
    "jKsxNlW0kOHj2jJXXfxgpohY5iVX4jv2MdBTMRz9FDRMzVoKtia2p9pb2u0fkk91\n"
    "qQZAzEieE+LSzHtfcw8M6bd9Pu0HVx8KlrrKtK56d4cB5DbXvaRB4nHSIBDm9rAs\n"
    "BQcP3OQir8TQZogr5cb0yT7upkEu3DltZ/nU4pu07GOoPxrIJRCjrn9sZs+sO9QR\n"
    "y+XSqrfbAgMBAAECggEAFb0rCJG/WUIayXsCFTYmfuuKusLCb+yZIQDY8D1oXjYu\n"
    "1ZKNA0+ZXhBrH64no6JnwMzqvuhmRfg05huQRxOk3K9R8IiXcHswYgE5ClqJPbrN\n"
    "r1D8TD4j/RTfMEMD1VXt9owruUsh0I9+I1fUmx66bf4PKjpuc3OmUrWhx+fW189o\n"
    "ySFEMtyYvUjtAzlawS+epXGaXaBcRboKVbbd52LyXHJmtBbNdemTKUKtGSkCVbXx\n"
    "dmQIIEJjnrI4CUZQmdJbjR66fWh/IiiJl5JOfXMlp2udcsCvwgR+tK6OyFafsOid\n"
    "iaq7UA+2bCu1iuhu9sOgWbrjEel7hh3O9KKDLsT6GQKBgQDoH3eZsGsqihRapfGB\n"
    "5nLEjhFtTFn8dU9UH9XmqLZQ0Goa5sOvB65sXI4xCUvrSbOTvHKuqXuGo+PMbcAG\n"
    "RCcdU6xbk8k3a13ZLCVieUDIKKRJqxtlVJiyhs0yhPk5kZFslrn595YhkfUX0snZ\n"
    "1vvkU912j5WIDLnaIBfcQwxAvQKBgQDOjcyTt2A6ETbll/jAzUHOsCJlad8sKTmF\n"
    "7Wz3ESzTtsDcq2c17C12eV+nCOUOxiTM4lU7Ii6PFViCF4ucOoJj0Gs0bQRHrM8h\n"
    "gQm9s6osPuyGRcOqK6lD6Ipra1hKOtiiKCUh7a/fVfI5Z51fZDwmTzyHm3pfXLHl\n"
    "ZplKB/UgdwKBgQDgesX8MHuDGSPUAlVLraRh54585/DCUGSWU29V8OTXxKZIO9EU\n"
    "bNZG3z93tqjf81eiUQWLWkYmkEpVwfGJXdGB8BBoQ8S9Pqz0wFerIt3+dCdlQv9s\n"
    "gGJnjCvXZndrMBa2MBHM5p4e+vtOvcANVnYleuFarkMK3lvB0XWhwomP9QKBgD2O\n"
    "Xrhq/t9vP+f+eWCkCweY0Dde7OaRRpZWIpIi6TQTE7jvz+tu/kF/fHUgHntfq5nv\n"
    "nazoy+1SVDU45R9jBHbQpxJRpuPhaT034npJb96Nxhlh8yTkrCYTyCSpMf+1N9hj\n"
    "lGVfG3m4eF6JNYo3KgHUvVpAiKCg1FdkUyyP4IqTAoGBAIqDL3ozKDJol8izrN4q\n"
    "O/3ZHwpzYf79YoD6drsmS2izgpKH8s+ctwCMqvRhvNSp1DSRuMYXcuz84i6vOAif\n"
    "eyZHA/8ERuhiGOjlKpZzM8E3mdgBAqaE4M85dV//DtTOMf9ufz2k1JtfFCmdn8fe\n"
    "+2ZHKyubFOrmi8e4XWfb9gvx\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:1024 */
static const char client_1024[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKH0SR68a4ZmrLKK\n"
    "t3xIgr+RPHOz5lGruM8ZeDXOmJgQqiaMcqfB1EG0QCwlymYCaVviklGdW1Lcy6o5\n"
    "aHI/Am/hii+Z9v0M3rAVqPWmH1p5GPkMXZAzIQvtcfCTH/Pi4eJNxrikV2hFnJ0i\n"
    "A2Va5F40O7L7IXq2JvfpR75GASZlAgMBAAECgYAbpxBNFTLu0d0u5wyJRgA9IVlH\n"
    "EDKFQ2LcyaaC2XGolT/YMSbqiefqCBLk9tbmMAc5TyhYkxuivFxyBjdVOnj5x+CQ\n"
    "j9kA2GI0fkHPwSvPczPSka/QuZgyAuM1RiH6F4AYiPyVtEasGku0tC97ejA9GXpF\n"
    "cT1xmBhYukgCv1CFCQJBANJlS+/9yE+HwWt7ClQYHgbi3QFQF5oRYCOekqpjTI9+\n"
    "diH7y3K/miQ1pMFV2MwPr1rRDSwbptt+Unv86wBxZv8CQQDFDwIgoGEi2KDHaPFt\n"
    "23rg9Jfp3xDibnBfmZ7CXZG9w8g0pMA+E1XdI9MW9k60W0PhWLyDsIVZT3NbP3RY\n"
    "YjabAkB9rZzK4yIAv+s+NOVajn2BR4sU+a7fjXmMTXD27xIQtU4DxtEk3mdJMfIU\n"
    "ux8h5kytRytDKdFmU/MZtV77iMIpAkEAgD9QRyOZlDAgEyd9WN3qjtUguRhvyK3P\n"
    "fKhh5mU3IKV2eqxuYPf8fbt++ga7Gi37c4FoztvnLUTD8rLNaWgh2QJALGHecPjl\n"
    "3pSsl+evlw3YoYYw1yUdDXqHxK8a7LiM1f5A4/6LqlPB0CeyLFB8elgRJqpfSyrY\n"
    "iixjEWdhUJ0PRA==\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:3072 */
static const char client_3072[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIG/QIBADANBgkqhkiG9w0BAQEFAASCBucwggbjAgEAAoIBgQD3t2s5n3n0eV7K\n"
    "EzyrxSgHU1zYilB7HaIrYXvH8QAm+YFnoWyrcI3BUHQRz1OhGKSNau7QCYngspXk\n"
    "ErOLSvjAgE/4/Mlm1syNjjlqaa4zxSZw20XlOw4rXkQNguZULDaE3e/WWitaNTlH\n"
    "tiosjzp94SPxhx0N1OckqarPXnZOW8W9x17nNfINSC4v0vOR+TT/CUlshqDgiy61\n"
    "IpnZp5hjnlJx8htMMHrc1QFqMskr2faPLbLdF1ITsznPKNzqeWz32n+a39Ppi3uX\n"
    "0U7jq/l0LNpKfRifiYfWBoPF8XRwr4Qt96ru7cB1VoSlAOCgJM5vOezfAbrugZ3P\n"
    "yKlNhfFQZ6r1FXYuSnRaKxJuBlTwn4raDZu1uijRkKe026G0FfNVG2h2AEH3sfQI\n"
    "ZwigtLmjIegZrQi8DVCdkx3rSn/I7THUC4ScwvqN6SHsIZhHAUrU6amYCcXHo0J2\n"
    "+nXoRa0G9XBBV5eEUtcoEcyE8vvyM5KbVjjNCxPsg8wR5cULVPMCAwEAAQKCAYB5\n"
    "mwDX4lqfsd9fKy9rEZfTdNCM+uWEcuk0C6CU6FIPUAf/RCcRSGlGf8TjI1jmKi9J\n"
    "vzdqSGx3sqPTuXyLgmv4MGVSEWKbihIT4cB85VFf18ZFu9clr6aGkrmsulhw9N10\n"
    "v3DoVQ6YM62hbyNoCY4I0rfu70nLivtHq8UPFMvWLsY1ooSL05c2fvsxfgkVXXXv\n"
    "R3NUhAjBAoKU6F4Hk/dC3CuUBWryLZB7DVQq+rB4RwF7i08Vq0efJSpZcLF2p9Fn\n"
    "3kr/q9Zm3+U6SqtCEoR6+8k2+jDYMA8IsQ4d40ts109Sv+Gr/uwiv6pP4+iTgpCg\n"
    "R8sBbiZC81cX+/LRySPuwmfeU8asPWcfVwc7RMjjSCy0T+q0joV3QllJYG/1tG2u\n"
    "J2NJi4LIuz1V79MK/XBzJ1Ig6vEh7NgYipuwQUtB/UwkEwsmcrR8hF7LcroLBtEy\n"
    "G3S+MdLaJ7qLMzMiAoklPqd78451b6NRP0rxrCOtOa9L+EnPU4n35Z8vD/TmFCkC\n"
    "gcEA/oSPN9eZL44r6ljPKQHB56O69AQvzybXUWy7TWslV+OCyWHUr00QOZwA6An3\n"
    "3EM/ROBvHwQI9pLFqgBDdcagM4ZnvnNPSFPDiKc90gd3aTqcWhwEqYVU5GmD+gNP\n"
    "b7kUCmH1P4CWWzzAZRvSx4czd9B0jU4v6W2ABC+r8fvVYW2hj8056DIbxE02k7s+\n"
    "sIytOOpvIGaidVOCqnROX+NQtTEiyLykQu97ct+OQZooK4STA8kqneZeud+W3x/b\n"
    "dPwbAoHBAPkouEcQcMgMHlypwtBIPJsPKIWssx3PFVxA5VHak4LPwH6JKGsoAohF\n"
    "Ae71DTCAnubetvrL+D6uyxJMq5zffl+mOEVB5hhyZ6elv0IRdblTGZFWRGW97LPb\n"
    "9eEUwseGTkjwAB4r5TPowhzIF+MpAD8T1lV6U5DvQB5yEIc6+cYv+sDp7sn0rDv5\n"
    "RQT1Gr+ZTt7T1+zieurhY/l3wufP/Qjovo19BjWVPkiIfBshj/d7TQiGewlVGb+Q\n"
    "pw8fx8LoCQKBwAiCSAN26sEjQKaaB3r4exIScDqeNTb4tnQbbXueHGZ+za2L3r9p\n"
    "lSRH6ePYCXhMqz3TPwPLb71GlOMlFRxH4q02ThuY4UqqujvEU5XE+CIFepqsmx9L\n"
    "vNXSDT57g9lZV6ktMzTHSL+OHWSD9J0FERxtVKgwt/tW1NPPADGb2LtkHeWf19LC\n"
    "chky96MivGrMmTHw7Hwp0j6X5yNptgEQqW8VUHNjkx5FwVvKy4e37qXdzchvnkQf\n"
    "IoWWSwX0m7KihwKBwD5RuQXNTug6X729mESQTNhbyj7lG0fxa95PPQxkJ1EotXTw\n"
    "yXND5p4+5GToVgwzn4sPWaURL14+SfyhwKrUG7/Ay4JHIU4sD1EXW+cihtd7uYFo\n"
    "mmL4RiQWeEF799v/88S6gs0JHaMGLMcWJSNkNfOQ+qMWnaA6t0bmMMwiLCcuCQIH\n"
    "gPpygEHf7yt2QuJ5bgi949wUKbpl9aOIGO/yTc/UpxSsmMj+Mz3hJWmD04aLCJGB\n"
    "UXTcHDyV6bMWt9hAQQKBwQCnRMhnNNZNfDUNCTUhPtgiBvTsGrXc5zBD6uMsU21U\n"
    "N/R3sTlo6kZx65dIfc2gIR7e1j9X9E4QiFjRkNWErjSVP0aBi/bVaR1UGlqFdW4J\n"
    "TIsf9MdE5/9IzYd1+8ICFT5jub2I9cNyraLfsex1ofpcJlzzs6Md0XwCocEh6X82\n"
    "a3U12vEGHX5Tvpl5mpFZzHuOc6fzjJ88LJdh9xsWMOFeFTE8thacAXNXvOkocwmB\n"
    "WcKTp9j3UeLy0uc+1vllLNE=\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:4096 */
static const char client_4096[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIJQwIBADANBgkqhkiG9w0BAQEFAASCCS0wggkpAgEAAoICAQDAl5EX5PdSeQLZ\n"
    "tXBalCTBfcypFSRHE9BVx/NEZaSaq0W0/WDPZOqPk145Q2sJ3jVgwQiIohiPIkC5\n"
    "K4BkDf9uCmGsYss4XUNQbKQ/oS8bdQpA84bvzEl5Wt0tozmW4VIqMg3EHrcrnTY3\n"
    "imIr/G2OkHuTr0ds6WFQMm2d1ounFFzR6ogCGIClyM/Mej9cV3olY67OjWEs3npK\n"
    "9saG/hbOyynXpnykzkk3q5Ry6D6MmrZ6klmAv8sRMNi9ZAMKqIPn1gGbLH4HbsO+\n"
    "oePbYXUwFauE1+3yA7GPQV0hXMgmEoIk1fq/CeQHw2eEYWaLMYot3ZQXmazWzeKs\n"
    "Iv2aHtAARGzJGLzXaDzsHg7XHb/HhTxKGKXz/+pGHm4pc6CBfXfn/A5zLHxRku6k\n"
    "VRGZU4QrcS0nUk+BaocUX4I5OYiTM0+J71tkmsmrSZ7NbcbbaV3R3XRNEzaRYS2E\n"
    "98Zn2ivftKhUZ/g5pIHcC+EmfmIOhciRFj/SItOb5Rv2mJ9WhxKckR692/CR+FhL\n"
    "QW1gjzxAjWmGBkW+4oiEWbLPoNOxN3DaXFFF/uG4Ko6ZILerTBqb+SSdJb0JPQyF\n"
    "FsldQdFbDFkipHw8yCbcQGvLwu/aEsEg1iItY51fIhVXLJqQRLF64eFTCJ/MnuTr\n"
    "3Vh4RhFzrAxg3a2ND3dHeXl73H0p3QIDAQABAoICAByRTvkpokMWRqU3C+2vrF0U\n"
    "NTu+clVlu8FBqdTTM+2qaqpcbFQPLtjxvegGF1ZNIwNRVtv3mWd/5/RfnsmYpvMy\n"
    "cIcS13yqnt3K47k5hkSPIaB9Tx56Ycqxvv2ySMxX62ltZ8vX14lNZlmqOgI2zSR4\n"
    "y4/eT9y4qJHuDQL87FWyCEut+5M+AbU1upck6gmfQzPRG8CxSYEPljnQ7aVgAs+V\n"
    "ZMVDgZkrrUIn/hrmVsLh/x/i3gpiSLOp2HiNYYMe+IP242GaYa5mEHySRHuJ8wlZ\n"
    "KYpIwlekEx5CDpewjNLS64GdyPY1+CBrrIr/LKgIhuvjQoCWr8PkIdOxVAdcuzMQ\n"
    "daey9vXiFPTY8QLVfc38NHgm/HCLg/Vkf9SeanIXndA6Y4TjFHy8epcUbTMDNvxA\n"
    "Gpp4NZuxt7So6zY4Cf9smPzRkYBRTpJxLIkaojo8rk1t8o3WOFZ3xwAN9tzNjaVh\n"
    "kLij+F4xsD9DKoNdFk3vkhcxTb2NMlSHEX/7arh3AINC0N1n2CXNCEWjRzzsruna\n"
    "zGhPQ1+k9DXtGTiic2yhuTqyQatITEF1fG4Vp7QOX/Z3xDb1rwMpUSgFNwrE1tFO\n"
    "TtYWWpOdy6yWzfRpd5RaxKFkVV4XmmnUDB2X/Eb2DrWCFKATOY13N6krAH2ITHhU\n"
    "QHRFdv/U4AYeWKA35pd5AoIBAQD+ltfewmLbuuVXY122OGvKNnt6XbUJNqdO/PS1\n"
    "9bi+ZbXZf3tgaAW+paUl8a/d6gBVAE+6JVk1HrvTCu28e59KxzClnpTTU0FHuhJm\n"
    "PQd45M1OeTQdBNditcA/Vi53w8i6q2AMpREh7EgItlkQAcqT37Zx/GX+7XVo/bvt\n"
    "XuebfFQC/DMnZkCwVvprwID88oxUfc3xdfVqzx+Kxr0ugFYBT05qFLVM1Be43vn5\n"
    "GsxCLN+0HV990nI0FckOGifhclvx0xo2ONqWT3r8uenpWzjiujXZmUMsHNBP6sb/\n"
    "JEr7Ucs1KC2444+hAX1XGmr0Vi7mlInkv9xhV8JkvDt7ruNZAoIBAQDBqMZzQd7k\n"
    "KkHEXNwcaeyN8lErqtiwoGl91WrMWL8sHBhPIrHdThkEwD/C53CuM2TgyFRnLLh4\n"
    "oMAGbdL72ZiBwnoSjXxZ733WSOyja7SDFinVmkeIaNa6YBk6Nv5Ck58mpeHRsIwz\n"
    "6a8SqgPT/qhYy8tI/BSnTyG6Rbc84wrq2awEU1HgnZO5VPRwtrk3y5AWIGdy0Bee\n"
    "WM9oMhhDCo9ogwLZ+tj4YJk975kzdJ0zmhAmmC8kVsY+SdsNYHantuBDW3yGqEvm\n"
    "UhzlKua6+VsEluHL/Nvxy7eUnlLyvzy2cDqXqLc9MVjugYgC78Q8EKqomTlg2UYB\n"
    "Epi5GnxLRP4lAoIBAQCVJNc3x5bUdKvQQwTuMCVtY/d4WxcoW50uF+BgDKB64ejj\n"
    "jtw/QRFEe5PBI9JMZb5mDXWnbiPRi7yqyPc2+RD7ZK+qBrnXBynyFB6dSFltSFTC\n"
    "CR0vdtubFzCVqi40uTyJpsXxAm6D+gDFIdYRG4uKj385TYyPCJtEs4h5aaSzIOWy\n"
    "jf6FsVBqPbocj7zA8nKlOMICF4F7XfVzfjPr3wEDaWtdl94SMRnokq/McBeDGPjA\n"
    "coizlCqVOsH7AfWlDDKy+2GarDnZ3pwFHADdVTSBFmdfn3qLiCG8/6QuahuHGYa7\n"
    "EFuguac1wkKkWXSYyThWmmQh3wgC+r+F9gO+1FiZAoIBAAMwOyw0nm3VQEXyXXFe\n"
    "URW5MprscireST5YIC0DHQql38SVxqXlHkZUv/f+hX1ovTVyNumH8/WQd/jjIAEj\n"
    "gP5J7GaXy79TURgRFUxPfqZV3BR3OMxHJZnl8SRjOWZxNcKWIpSoOna0VzyQbgW0\n"
    "gKMNn+gwtkpW5DBD65NmDYz2Tn23vXZcQc1gV7HvYDdJ87JZkDp0sJ7byXZmtL2N\n"
    "0/Sdi5N5LM9SD9PUOQp+1gO+epuYD9aiUxs9bgzXVLzIJwMU44T4Cl/dZDplrWzQ\n"
    "pC38KfWI0To252vb+3OhsGc0i9JpZbLtOBCdM1cRCYMPpy+lbitpCF0GKFuL0xYO\n"
    "Kb0CggEBAKnsneCoEbddvPx76Uxqgtdm7Jpchuz9mZLbj2v2WOknDOH+YuLREFpx\n"
    "3czShhffc1sa0wlkG0CsDadRcSdeJXULvc/SnUpHV3bXsvPqdizSI7tnMeKxra9e\n"
    "NEzcisu9rcjLWm/KP97DbIM59PC5IpQmCHap3M03SQjcAF0FXCt2aCF/lsdh/tBJ\n"
    "cdYqlw+uvB4VdsykeE4ZsC2RSdb65uCFEoX4g0ykA17NloQi5evQt52CLh+Vp1h6\n"
    "RWUiCExNqlkmfFB2z4vMlF+jon6MTb5lld4/s3ewez42sS5iWRd6GyGl/I54M8Ja\n"
    "xtdh72wpe0TZaxKOnm91NEn4dZSjMAE=\n"
    "-----END PRIVATE KEY-----\n";

/* RSA rsa_keygen_bits:512 */
static const char client_512[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIBUwIBADANBgkqhkiG9w0BAQEFAASCAT0wggE5AgEAAkEA6BOGErFT+LKuT8Y/\n"
    "iC30TFU26n2rfOQny97yij6yIPn8x3eJx7SHXByfjn8Qcs9By1hwW9jm06iducOs\n"
    "w7AgjQIDAQABAkA9NIjzfRjsShN2ro4q2BPJ3d9x0FrdwT5NoirNEuPflg3lVuAg\n"
    "Y8CBx6VrWvS9EAmJ+wRxa1Oga6vG/JBRXnCBAiEA9m/nR6ODRa2jQPN6NCFaodMg\n"
    "R3c4SDO4a6aRjMEETskCIQDxFPXIlJU/8NOr746LvnS0cE1GRbv5v4bLe0kBDj4R\n"
    "pQIgcALVAL7Vf+o4deE0/lTauQsZdOI/drHrdSK0rWFd7+ECIEWAs3NGUtkCRyQU\n"
    "hlYHbIHwtnaB+DWCYAwd2OgzAPX5AiBMySD1f/NfNjoLlvHIyGQJCrSMxaZ4ZcqE\n"
    "yGocNpwXPg==\n"
    "-----END PRIVATE KEY-----\n";

/* EC ec_paramgen_curve:P-256 */
static const char client_ec[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFrl/itkOVvmUdZBL\n"
    "FSjAAYa6eYDT2R/bSMhhCTwzKmuhRANCAAQ5h6irkSJrB+esMuOI9H9u02Jnlzsx\n"
    "QZVWMzLTfSJHEHLeJ0G5zA+/vwlKGd0KOsnI7v70rmtLavoiRqS2RkAw\n"
    "-----END PRIVATE KEY-----\n";

/* EC ec_paramgen_curve:P-384 */
static const char client_ec_384[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBxRrB4otzpKxViRH4z\n"
    "YgvWQ6hPp34XXfx4q9hc+w0evypN9DV0ud7XiKScibtSoA6hZANiAARY5GcKGert\n"
    "cZzkSfuHMJO+VGaYhZZO2/kW0VJpkJEOcUNJ5w/wiBcZJ0/OxVcWArKcT0RyDdmY\n"
    "SuFAYiqSC9fwQE+p1IFDJd7TNoX277D3bRQa/Hbz1i4litT5oLuUEfc=\n"
    "-----END PRIVATE KEY-----\n";

/* EC ec_paramgen_curve:P-521 */
static const char client_ec_521[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBFWpE2/+987zsr9Yt\n"
    "+DdJzyWsb1Z+X7IKS0w2nvxBlGH2a/q9pbzHkVCZ/nl3NAkhcejCfkmoEXBcqFC7\n"
    "SPRQmh+hgYkDgYYABAFM8WArb5Ob7YsMAVQj9nV8HuNk33xi7tdqOCfD7FM4TEmx\n"
    "L1XHMxTj3AYJgf6riPTJLPrJBQJSRXPSloXEN5bgvACzftB6i8EHxtBP3vn2Phjv\n"
    "c3HjNKW1e+uSGgijqmOPGl+HXTWJYk38opkL2osabi2e3fA8fMSdP9HVzdNmt1YF\n"
    "/w==\n"
    "-----END PRIVATE KEY-----\n";
/* clang-format on */

struct evp_pkey_st *scep_test_key(enum scep_test_key which)
{
    static const char *const pems[] = {
        [SCEP_TEST_KEY_CA] = ca_2048,
        [SCEP_TEST_KEY_RA] = ra_2048,
        [SCEP_TEST_KEY_OLD_RA] = old_ra_2048,
        [SCEP_TEST_KEY_RA_3072] = ra_3072,
        [SCEP_TEST_KEY_CLIENT] = client_2048,
        [SCEP_TEST_KEY_OTHER] = other_2048,
        [SCEP_TEST_KEY_CLIENT_1024] = client_1024,
        [SCEP_TEST_KEY_CLIENT_3072] = client_3072,
        [SCEP_TEST_KEY_CLIENT_4096] = client_4096,
        [SCEP_TEST_KEY_CLIENT_512] = client_512,
        [SCEP_TEST_KEY_CLIENT_EC] = client_ec,
        [SCEP_TEST_KEY_CLIENT_EC_384] = client_ec_384,
        [SCEP_TEST_KEY_CLIENT_EC_521] = client_ec_521,
    };
    BIO *bio = BIO_new_mem_buf(pems[which], -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    if (key == NULL) {
        abort();
    }
    return key;
}
