# SPDX-License-Identifier: Apache-2.0
"""Names that stay: every GUID of the installer is made from what it stands for, never drawn at random,
so that the same input gives the same package and a component keeps its GUID from version to version."""
import uuid

NAMESPACE = uuid.UUID("977ac057-b39f-4771-a8f2-c0aae182b7f9")


def guid(*parts):
    """UUID version 5, upper case as Windows Installer wants it."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts))).upper()
