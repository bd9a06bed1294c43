# SPDX-License-Identifier: Apache-2.0
"""check_admx.py WRITE_CONFIG_KEYS FOLDER: the Group Policy files of FOLDER against the key table.

Every registry value is a setting of the service with the same type, range and words; every setting
is there unless LEFT_OUT says why not; every text exists in each language and is used; presentations
fit their elements; and the order of the elements is the one that the Group Policy editor wants.
"""
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

NAMESPACE = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions"
KEY = r"SOFTWARE\Policies\OpenNDES\OpenNDES"
LANGUAGES = ("en-US", "de-DE")
# Settings that no template file offers; a registry value of their name works all the same.
LEFT_OUT = {
    "https.certificate": "each server has its own",
    "https.key": "each server has its own",
    "intune.secret_expires": "each server has its own secret",
    "intune.authority": "intune.cloud decides",
    "intune.graph": "intune.cloud decides",
    "intune.resource": "intune.cloud decides",
    "intune.service_suffix": "intune.cloud decides",
    "intune.scope": "follows from intune.resource",
    "intune.discovery_app": "an application of Microsoft's",
}
POLICY_ATTRIBUTES = {"name", "class", "displayName", "explainText", "key", "presentation", "valueName"}
POLICY_CHILDREN = ["parentCategory", "supportedOn", "enabledValue", "disabledValue", "elements"]
ELEMENT_ATTRIBUTES = {
    "decimal": {"id", "valueName", "required", "minValue", "maxValue"},
    "enum": {"id", "valueName", "required"},
    "text": {"id", "valueName", "required", "maxLength"},
    "multiText": {"id", "valueName", "required", "maxLength", "maxStrings"},
}
BOXES = {"decimal": "decimalTextBox", "enum": "dropdownList", "text": "textBox", "multiText": "multiTextBox"}
TYPES = {"integer": "decimal", "word": "enum", "text": "text", "list": "multiText"}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

problems = []


def problem(text):
    problems.append(text)


def tag(element):
    prefix = "{%s}" % NAMESPACE
    if not element.tag.startswith(prefix):
        problem("%s is not in the namespace of policy definitions" % element.tag)
    return element.tag.removeprefix(prefix)


def find(element, path):
    return element.find("/".join("{%s}%s" % (NAMESPACE, part) for part in path.split("/")))


def children(element, path):
    found = find(element, path)
    return [] if found is None else list(found)


def expect(what, found, wanted):
    if found != wanted:
        problem("%s: %r instead of %r" % (what, found, wanted))


def in_order(what, element, names):
    found = [tag(child) for child in element]
    if any(name not in names for name in found) or found != sorted(found, key=names.index):
        problem("%s: children %s, possible are %s in this order" % (what, found, names))


class Uses:
    """The strings and presentations that the ADMX asks for."""

    def __init__(self):
        self.strings = set()
        self.presentations = {}

    def string(self, what, reference):
        match = re.fullmatch(r"\$\(string\.(%s)\)" % NAME.pattern, reference or "")
        if match:
            self.strings.add(match[1])
        else:
            problem("%s: %r is no reference to a string" % (what, reference))


def check_element(name, element, key, uses):
    kind = tag(element)
    expect(name + ": element", kind, TYPES[key["type"]])
    if kind not in ELEMENT_ATTRIBUTES:
        return
    extra = set(element.attrib) - ELEMENT_ATTRIBUTES[kind]
    if extra:
        problem("%s: attributes %s" % (name, sorted(extra)))
    if not NAME.fullmatch(element.get("id", "")):
        problem("%s: id %r" % (name, element.get("id")))
    if kind == "decimal":
        expect(name + ": minValue", int(element.get("minValue", "0")), key["min"])
        expect(name + ": maxValue", int(element.get("maxValue", "9999")), key["max"])
        if not 0 <= key["min"] <= key["max"] <= 0xFFFFFFFF:
            problem("%s: the range does not fit a REG_DWORD" % name)
    elif kind == "enum":
        words = []
        for item in element:
            uses.string(name, item.get("displayName"))
            value = find(item, "value/string")
            words.append(None if value is None else value.text)
        expect(name + ": words", words, key["words"])
    elif kind == "text":
        expect(name + ": maxLength", int(element.get("maxLength", "1023")), key["max"])
        expect(name + ": required", element.get("required", "false") == "true", key["min"] > 0)
    else:
        expect(name + ": maxStrings", int(element.get("maxStrings", "0")), key["max"])
        expect(name + ": maxLength", element.get("maxLength"), "255")


def check_switch(name, policy):
    for state, value in (("enabledValue", "1"), ("disabledValue", "0")):
        number = find(policy, state + "/decimal")
        expect(name + ": " + state, None if number is None else number.get("value"), value)


def check_policy(policy, keys, categories, uses):
    """The setting that the policy is for."""
    name = policy.get("name", "?")
    if not NAME.fullmatch(name):
        problem("policy %r: the name" % name)
    if set(policy.attrib) - POLICY_ATTRIBUTES:
        problem("%s: attributes %s" % (name, sorted(policy.attrib)))
    expect(name + ": class", policy.get("class"), "Machine")
    expect(name + ": key", policy.get("key"), KEY)
    in_order(name, policy, POLICY_CHILDREN)
    parent, supported = find(policy, "parentCategory"), find(policy, "supportedOn")
    if parent is None or parent.get("ref") not in categories:
        problem("%s: no category" % name)
    expect(name + ": supportedOn", None if supported is None else supported.get("ref"), "SUPPORTED_OpenNDES")
    uses.string(name, policy.get("displayName"))
    uses.string(name, policy.get("explainText"))
    elements = children(policy, "elements")
    values = [policy.get("valueName")] if not elements else [e.get("valueName") for e in elements]
    key = keys.get(values[0])
    if len(values) != 1 or key is None:
        problem("%s: %s is not one setting of the service" % (name, values))
        return None
    expect(key["name"] + ": switch", not elements, key["type"] == "bool")
    if elements and key["type"] != "bool":
        check_element(key["name"], elements[0], key, uses)
        match = re.fullmatch(r"\$\(presentation\.(%s)\)" % NAME.pattern, policy.get("presentation", ""))
        if match:
            uses.presentations[match[1]] = (elements[0], key)
        else:
            problem("%s: no presentation" % name)
    elif not elements:
        check_switch(name, policy)
        expect(name + ": presentation", policy.get("presentation"), None)
    return key["name"]


def check_admx(path, keys, uses):
    root = ET.parse(path).getroot()
    expect("root", tag(root), "policyDefinitions")
    in_order("root", root, ["policyNamespaces", "resources", "supportedOn", "categories", "policies"])
    target = find(root, "policyNamespaces/target")
    expect("namespace", target.get("namespace"), "OpenNDES.Policies.OpenNDES")
    for definition in children(root, "supportedOn/definitions"):
        uses.string("supportedOn", definition.get("displayName"))
    categories = {}
    for category in children(root, "categories"):
        uses.string("category", category.get("displayName"))
        parent = find(category, "parentCategory")
        categories[category.get("name")] = None if parent is None else parent.get("ref")
    expect("top categories", [c for c, parent in categories.items() if parent is None], ["OpenNDES"])
    expect("categories", {p for p in categories.values() if p is not None}, {"OpenNDES"})
    policies = children(root, "policies")
    names = [policy.get("name") for policy in policies]
    expect("policies", len(set(names)), len(names))
    found = [check_policy(policy, keys, categories, uses) for policy in policies]
    used = {find(policy, "parentCategory").get("ref") for policy in policies}
    expect("categories with a policy", used, set(categories) - {"OpenNDES"})
    expect("settings", sorted(filter(None, found)), sorted(set(keys) - set(LEFT_OUT)))
    expect("left out", sorted(set(LEFT_OUT) - set(keys)), [])


def check_presentation(what, presentation, element, key):
    boxes = list(presentation)
    if len(boxes) != 1:
        problem("%s: %d boxes instead of one" % (what, len(boxes)))
        return
    box = boxes[0]
    expect(what + ": box", tag(box), BOXES[tag(element)])
    expect(what + ": refId", box.get("refId"), element.get("id"))
    label = find(box, "label")
    if not ((label.text if label is not None else box.text) or "").strip():
        problem("%s: no label" % what)
    if tag(element) == "decimal":
        expect(what + ": default", box.get("defaultValue"), key["default"])
    elif tag(element) == "enum":
        expect(what + ": default", key["words"][int(box.get("defaultItem", "-1"))], key["default"])
    elif tag(element) == "text":
        value = find(box, "defaultValue")
        expect(what + ": default", "" if value is None else value.text, key["default"])


def check_adml(path, uses, keys):
    """The strings of one language."""
    language = path.parent.name
    root = ET.parse(path).getroot()
    expect(language, tag(root), "policyDefinitionResources")
    in_order(language, root, ["displayName", "description", "resources"])
    in_order(language, find(root, "resources"), ["stringTable", "presentationTable"])
    strings = {}
    for string in children(root, "resources/stringTable"):
        if string.get("id") in strings:
            problem("%s: string %s is there twice" % (language, string.get("id")))
        strings[string.get("id")] = string.text or ""
        if not strings[string.get("id")].strip():
            problem("%s: string %s is empty" % (language, string.get("id")))
    for missing in sorted(uses.strings - set(strings)):
        problem("%s: string %s is missing" % (language, missing))
    for unused in sorted(set(strings) - uses.strings):
        problem("%s: nothing uses string %s" % (language, unused))
    presentations = {p.get("id"): p for p in children(root, "resources/presentationTable")}
    expect(language + ": presentations", sorted(presentations), sorted(uses.presentations))
    for name in set(presentations) & set(uses.presentations):
        check_presentation("%s: %s" % (language, name), presentations[name], *uses.presentations[name])
    for name, key in keys.items():
        helped = strings.get(re.sub(r"\W", "_", name) + "_help")
        if name in LEFT_OUT or helped is None:
            continue
        if ": " + name + "\n" not in helped:
            problem("%s: the help of %s does not name it" % (language, name))
        if key["type"] == "integer" and not re.search(r"%d \w+ %d\n" % (key["min"], key["max"]), helped):
            problem("%s: the help of %s does not name its range" % (language, name))
    return strings


def main():
    keys = {key["name"]: key for key in json.loads(subprocess.check_output([sys.argv[1]]))}
    folder = Path(sys.argv[2])
    uses = Uses()
    check_admx(folder / "OpenNDES.admx", keys, uses)
    texts = [check_adml(folder / language / "OpenNDES.adml", uses, keys) for language in LANGUAGES]
    for name in sorted(set(texts[0]) & set(texts[1])):
        if name.endswith("_help") and texts[0][name] == texts[1][name]:
            problem("%s is not translated" % name)
    languages = sorted(p.parent.name for p in folder.glob("*/OpenNDES.adml"))
    expect("languages", languages, sorted(LANGUAGES))
    for text in problems:
        print(text)
    print("%d settings, %d strings, %d problems" % (len(keys) - len(LEFT_OUT), len(texts[0]), len(problems)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
