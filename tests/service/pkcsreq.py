#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A SCEP client for requests that no packaged client makes: sends a given PKCS#10 as PKCSReq or RenewalReq.

Everything cryptographic is the openssl program's; what it cannot write, a SignedData with SCEP's signed
attributes, is put together here. Exit code 0: the certificate is in --out. 1: refused; the failInfo is
printed. 3: pending; the same request sent again asks what became of it.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request


def der(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def oid(text):
    arcs = [int(arc) for arc in text.split(".")]
    body = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        part = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            part.insert(0, 0x80 | (arc & 0x7F))
        body += bytes(part)
    return der(6, body)


def read(data, at=0):
    """Tag, start and end of the content of the element at this place."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start:start + size], "big"), start + size
    return data[at], start, start + length


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, stdout=subprocess.PIPE).stdout


SHA256 = der(0x30, oid("2.16.840.1.101.3.4.2.1"))
DATA = oid("1.2.840.113549.1.7.1")
SCEP = "2.16.840.1.113733.1.9."


def attribute(name, value):
    return der(0x30, oid(name), der(0x31, value))


def issuer_and_serial(cert):
    _, start, _ = read(cert)
    _, at, _ = read(cert, start)  # TBSCertificate
    if cert[at] == 0xA0:
        at = read(cert, at)[2]
    serial_at, (_, _, serial_end) = at, read(cert, at)
    algorithm_end = read(cert, serial_end)[2]
    issuer_end = read(cert, algorithm_end)[2]
    return der(0x30, cert[algorithm_end:issuer_end], cert[serial_at:serial_end])


def pkcs_req(content, cert, key, transaction, message_type):
    attributes = sorted([
        attribute("1.2.840.113549.1.9.3", DATA),
        attribute("1.2.840.113549.1.9.4", der(4, hashlib.sha256(content).digest())),
        attribute(SCEP + "2", der(0x13, message_type)),
        attribute(SCEP + "5", der(4, os.urandom(16))),
        attribute(SCEP + "7", der(0x13, transaction)),
    ])
    with tempfile.NamedTemporaryFile() as signed:
        signed.write(der(0x31, *attributes))
        signed.flush()
        signature = openssl("dgst", "-sha256", "-sign", key, signed.name)
    signer = der(0x30, der(2, b"\1"), issuer_and_serial(cert), SHA256, der(0xA0, *attributes),
                 der(0x30, oid("1.2.840.113549.1.1.1"), der(5)), der(4, signature))
    signed_data = der(0x30, der(2, b"\1"), der(0x31, SHA256), der(0x30, DATA, der(0xA0, der(4, content))),
                      der(0xA0, cert), der(0x31, signer))
    return der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, signed_data))


def attribute_text(reply, name):
    at = reply.find(oid(name))
    if at < 0:
        return None
    _, start, _ = read(reply, read(reply, at)[2])  # the SET
    _, start, end = read(reply, start)
    return reply[start:end].decode("ascii", "replace")


def main():
    parser = argparse.ArgumentParser()
    for name in ("csr", "key", "ra-enc", "ra-sign", "ca", "url", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--cert", help="certificate of --key that signs the message; else a self-signed one")
    parser.add_argument("--type", default="19", help="messageType; 17: RenewalReq")
    parser.add_argument("--message", help="write the message to this file instead of sending it")
    given = parser.parse_args()
    with open(given.csr, "rb") as file:
        csr = file.read()
    with tempfile.TemporaryDirectory() as work:
        own = work + "/self.pem"
        if given.cert:
            openssl("x509", "-in", given.cert, "-out", own)
        else:
            openssl("req", "-x509", "-key", given.key, "-subj", "/CN=self", "-days", "2", "-out", own)
        cert = openssl("x509", "-in", own, "-outform", "DER")
        envelope = openssl("cms", "-encrypt", "-binary", "-aes128", "-outform", "DER", given.ra_enc, data=csr)
        message = pkcs_req(envelope, cert, given.key, hashlib.sha256(csr).hexdigest()[:32].encode(),
                           given.type.encode())
        if given.message:
            with open(given.message, "wb") as file:
                file.write(message)
            return
        request = urllib.request.Request(given.url + "?operation=PKIOperation", data=message,
                                         headers={"Content-Type": "application/x-pki-message"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            reply = answer.read()
        content = openssl("cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-certfile", given.ra_sign,
                          "-CAfile", given.ca, data=reply)
        if attribute_text(reply, SCEP + "3") == "3":
            print("pending")
            sys.exit(3)
        if attribute_text(reply, SCEP + "3") != "0":
            sys.exit("refused: failInfo %s, HRESULT %s" % (attribute_text(reply, SCEP + "4"),
                                                           attribute_text(reply, "1.3.6.1.4.1.311.21.33")))
        plain = openssl("cms", "-decrypt", "-binary", "-inform", "DER", "-recip", own, "-inkey", given.key, data=content)
        with open(given.out, "wb") as file:
            file.write(openssl("x509", data=openssl("pkcs7", "-inform", "DER", "-print_certs", data=plain)))


main()
