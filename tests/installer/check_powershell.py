#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the PowerShell module where there is no PowerShell: check_powershell.py PROGRAM

Source that holds together, complete help, approved verbs, what the manifest exports, secrets that
stay off command lines, and that PROGRAM (openndes) knows every verb and option that is called.
Prints FILE:LINE: TEXT and ends with 1 where something is wrong. Begins with a test of itself.
"""
import pathlib
import re
import subprocess
import sys

from powershell_source import SourceError, commands, functions, tokenize

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODULE = ROOT / "installer/powershell/OpenNDES"
GUIDE = ROOT / "docs/powershell.md"
LAB = ROOT / "docs/windows-lab.md"
ABOUT = MODULE / "en-US/about_OpenNDES.help.txt"

# Get-Verb, those that a module like this may want
APPROVED = {"Add", "Approve", "Backup", "Clear", "Confirm", "ConvertFrom", "ConvertTo", "Copy", "Deny",
            "Disable", "Enable", "Export", "Find", "Format", "Get", "Import", "Initialize", "Install",
            "Invoke", "Measure", "New", "Publish", "Read", "Register", "Remove", "Rename", "Repair",
            "Reset", "Resolve", "Restart", "Restore", "Revoke", "Save", "Select", "Set", "Show", "Start",
            "Stop", "Submit", "Sync", "Test", "Uninstall", "Unregister", "Update", "Wait", "Write"}
READING = {"Get", "Test"}
UNWANTED = {"Write-Host", "Invoke-Expression", "Invoke-Command", "Start-Process", "Out-Host"}
SECRET_NAME = re.compile(r"pass(word|phrase)|secret", re.I)
COMMON = {"Confirm", "Debug", "ErrorAction", "ErrorVariable", "InformationAction", "OutVariable",
          "Verbose", "WarningAction", "WhatIf"}
CALL = re.compile(r"(?<![\w-])([A-Z][a-z]+(?:[A-Z][a-z]+)?-OpenNdes\w*)")


class Problems:
    def __init__(self):
        self.lines = []

    def add(self, where, line, text):
        self.lines.append(f"{where}:{line}: {text}")


class Program:
    """What openndes says about itself."""

    def __init__(self, command):
        self.command = command
        self.pages = {}

    def help(self, verb):
        if verb not in self.pages:
            done = subprocess.run([*self.command, "help", verb], capture_output=True, text=True,
                                  check=False)
            self.pages[verb] = done.stdout if done.returncode == 0 else None
        return self.pages[verb]


def check_text(problems, where, text):
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isascii():
            problems.add(where, number, "not ASCII: Windows PowerShell reads it in the ANSI code page")
        if "\t" in line or "\r" in line or line != line.rstrip():
            problems.add(where, number, "tab, carriage return or space at the end of the line")
    if not text.endswith("\n"):
        problems.add(where, 1, "no line end at the end")


# ---- functions -----------------------------------------------------------------------------------

def check_name(problems, where, function):
    verb, _, noun = function.name.partition("-")
    if verb not in APPROVED:
        problems.add(where, function.line, f"{function.name}: {verb} is no approved verb")
    if not noun.startswith("OpenNdes"):
        problems.add(where, function.line, f"{function.name}: the noun must begin with OpenNdes")


def check_help(problems, where, function):
    sections = function.help_sections()
    names = [name for name, _, _ in sections]
    described = [argument for name, argument, _ in sections if name == "PARAMETER"]
    parameters = [p.name for p in function.parameters]

    for wanted in ("SYNOPSIS", "DESCRIPTION", "EXAMPLE"):
        if wanted not in names:
            problems.add(where, function.line, f"{function.name}: no .{wanted} in the help")
    for name, argument, text in sections:
        if len(text) < 10:
            problems.add(where, function.line, f"{function.name}: .{name} {argument} says nothing")
        if name == "EXAMPLE" and function.name not in text.split("\n\n")[0]:
            problems.add(where, function.line, f"{function.name}: an example without the cmdlet")
        if name == "EXAMPLE" and "\n\n" not in text:
            problems.add(where, function.line, f"{function.name}: an example without a sentence")
    if described != parameters:
        problems.add(where, function.line, f"{function.name}: the help describes {described}, "
                     f"the parameters are {parameters}")


def check_parameters(problems, where, function):
    for parameter in function.parameters:
        if SECRET_NAME.search(parameter.name) \
                and parameter.type() != "System.Security.SecureString":
            problems.add(where, parameter.line,
                         f"{function.name}: ${parameter.name} must be a SecureString")
    if function.is_cmdlet() and "DataFolder" not in [p.name for p in function.parameters]:
        problems.add(where, function.line, f"{function.name}: no parameter DataFolder")


def check_changing(problems, where, function):
    verb = function.name.split("-")[0]
    binding = next(a for a in function.attributes if a.startswith("[CmdletBinding"))
    called = any(t.text == "ShouldProcess" for t in function.tokens)
    says = "SupportsShouldProcess" in binding

    if says != called or says != (verb not in READING):
        problems.add(where, function.line, f"{function.name}: what changes something, and only that, "
                     "has SupportsShouldProcess and calls ShouldProcess")
    if verb == "Revoke" and "ConfirmImpact = 'High'" not in binding:
        problems.add(where, function.line, f"{function.name}: must ask before it revokes")


def check_commands(problems, where, tokens, known):
    """known: parameters of the module's functions by name."""
    for token, arguments in commands(tokens):
        if not re.fullmatch(r"[A-Z]\w+-[A-Z]\w+", token.text):
            problems.add(where, token.line, f"{token.text}: an alias, or no Verb-Noun")
        if token.text in UNWANTED:
            problems.add(where, token.line, f"{token.text} is not used")
        if "-OpenNdes" not in token.text:
            continue
        if token.text not in known:
            problems.add(where, token.line, f"{token.text} does not exist")
            continue
        for argument in arguments:
            name = argument.text[1:].rstrip(":")
            if argument.kind == "parameter" and name not in known[token.text] | COMMON:
                problems.add(where, argument.line, f"{token.text} has no parameter {name}")
    for at, token in enumerate(tokens[:-1]):
        if token.text == "|" and tokens[at + 1].kind == "operator" or token.text in ("|?", "|%"):
            problems.add(where, token.line, "an alias behind |")


# ---- what is called of the program ----------------------------------------------------------------

def literal(tokens, at):
    return tokens[at].value() if at < len(tokens) and tokens[at].kind == "string" else None


def calls_of(function):
    """[(line, verb and sub-verb, options)]: options of a function count for each call in it."""
    tokens = [t for t in function.tokens if t.kind not in ("newline", "comment")]
    options = {t.value() for t in tokens if t.kind == "string" and t.value().startswith("--")}
    calls = []
    for at, token in enumerate(tokens):
        first = literal(tokens, at + 1)
        if token.text != "@(" or first is None or not re.fullmatch(r"[a-z-]+", first) \
                or first.startswith("-"):
            continue
        second = literal(tokens, at + 3) if tokens[at + 2].text == "," else None
        words = [first] + ([second] if second and re.fullmatch(r"[a-z][a-z-]*", second) else [])
        calls.append((token.line, words))
    return calls, options


def check_calls(problems, where, function, program):
    calls, options = calls_of(function)
    pages = ""
    for line, words in calls:
        page = program.help(words[0])
        if page is None:
            problems.add(where, line, f"{function.name}: openndes has no verb {words[0]}")
            continue
        pages += page
        for word in words[1:]:
            if not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(word), page):
                problems.add(where, line, f"{function.name}: openndes {words[0]} has no {word}")
    for option in sorted(options - {"--json", "--data"}):
        if calls and not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(option), pages):
            problems.add(where, function.line, f"{function.name}: openndes knows no {option} there")
    return len(calls)


# ---- the whole ------------------------------------------------------------------------------------

def check_function(problems, where, function, program):
    check_name(problems, where, function)
    check_parameters(problems, where, function)
    if not function.is_cmdlet():
        return
    check_help(problems, where, function)
    check_changing(problems, where, function)
    if check_calls(problems, where, function, program) == 0:
        problems.add(where, function.line, f"{function.name}: calls nothing of the program")


def check_sources(problems, sources, exported, program):
    """sources: {file name: text}."""
    found = {}
    for where, text in sources.items():
        check_text(problems, where, text)
        try:
            found[where] = functions(text)
        except SourceError as err:
            problems.add(where, err.line, str(err))
    everything = [f for each in found.values() for f in each]
    known = {f.name: {p.name for p in f.parameters} for f in everything}
    for where, each in found.items():
        for function in each:
            check_function(problems, where, function, program)
        check_commands(problems, where, tokenize(sources[where]), known)
    cmdlets = sorted(f.name for f in everything if f.is_cmdlet())
    if cmdlets != sorted(exported) or len(set(known)) != len(everything):
        problems.add("OpenNDES.psd1", 1, f"exports {sorted(exported)}, the cmdlets are {cmdlets}")
    result = {f.name: known[f.name] for f in everything if f.is_cmdlet()}
    for where, each in found.items():
        for function in each:
            check_examples(problems, where, function.help or "", result)
    return result


def manifest_list(text, key):
    found = re.search(r"^\s*%s\s*=\s*@\((.*?)\)" % key, text, re.M | re.S)
    return re.findall(r"'([^']*)'", found[1]) if found else None


def check_manifest(problems, text):
    version = re.search(r"^project\(openndes VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(),
                        re.M)
    tokenize(text)
    if f"ModuleVersion        = '{version[1]}'" not in text:
        problems.add("OpenNDES.psd1", 1, f"ModuleVersion is not the product's, {version[1]}")
    for key in ("CmdletsToExport", "VariablesToExport", "AliasesToExport"):
        if manifest_list(text, key) != []:
            problems.add("OpenNDES.psd1", 1, f"{key} must be @()")
    return manifest_list(text, "FunctionsToExport") or []


def check_examples(problems, where, text, cmdlets):
    """Calls of our cmdlets in documents: they and their parameters exist."""
    for number, line in enumerate(text.split("\n"), 1):
        for found in CALL.finditer(line):
            if found[1] not in cmdlets:
                problems.add(where, number, f"{found[1]} does not exist")
                continue
            if line[:found.start()].endswith("Get-Help "):
                continue
            rest = re.split(r"[|)`;}#]", line[found.end():])[0]
            # what stands in quotes or brackets is somebody else's
            rest = re.sub(r"'[^']*'|\"[^\"]*\"|\(.*", "", rest)
            for name in re.findall(r"(?<![\w-])-([A-Z]\w+)", rest):
                if name not in cmdlets[found[1]] | COMMON:
                    problems.add(where, number, f"{found[1]} has no parameter {name}")


def check_documents(problems, cmdlets):
    for path in (GUIDE, ABOUT, LAB):
        check_examples(problems, path.name, path.read_text(encoding="utf-8"), cmdlets)
    check_text(problems, ABOUT.name, ABOUT.read_text(encoding="utf-8"))
    guide = GUIDE.read_text(encoding="utf-8")
    for name in cmdlets:
        if name not in guide:
            problems.add(GUIDE.name, 1, f"{name} is not described")


def check_module(program):
    problems = Problems()
    paths = sorted(MODULE.glob("*.ps1")) + [MODULE / "OpenNDES.psm1"]
    sources = {path.name: path.read_text(encoding="utf-8") for path in paths}
    manifest = (MODULE / "OpenNDES.psd1").read_text(encoding="utf-8")
    check_text(problems, "OpenNDES.psd1", manifest)
    exported = check_manifest(problems, manifest)
    cmdlets = check_sources(problems, sources, exported, program)
    loaded = re.findall(r'(?m)^\. "\$PSScriptRoot/(.*)"$', sources["OpenNDES.psm1"])
    if sorted(loaded) != sorted(path.name for path in MODULE.glob("*.ps1")):
        problems.add("OpenNDES.psm1", 1, f"loads {loaded}, which is not every *.ps1")
    check_documents(problems, cmdlets)
    return problems.lines, len(cmdlets)


# ---- test of the test -----------------------------------------------------------------------------

GOOD = """function Set-OpenNdesThing {
    <#
    .SYNOPSIS
    Changes a thing of ours.

    .DESCRIPTION
    Changes it, "quoted" { and unbalanced.

    .PARAMETER Password
    The password of the thing.

    .PARAMETER DataFolder
    The data folder of the thing.

    .EXAMPLE
    Set-OpenNdesThing -DataFolder C:\\x

    Changes the thing.
    #>
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [System.Security.SecureString]$Password,
        [string]$DataFolder
    )
    process {
        $arguments = @('thing', 'set', '--hard')
        $text = "a $(Get-Item -Path "b $('c)')") } `" { ""
        if ($PSCmdlet.ShouldProcess('x')) { Get-Item -Path $text }
    }
}
"""
GOOD = GOOD.replace('{ ""\n', '{ """\n')

# what is replaced, by what, and a word of the problem that must come of it
BREAKS = (
    ("{ Get-Item -Path $text }", "{ Get-Item -Path $text", "never closed"),
    ("@('thing', 'set', '--hard')", "@('thing', 'set', '--hard'}", "closes"),
    ("'x'", "'x", "has no end"),
    ("    .PARAMETER DataFolder\n    The data folder of the thing.\n\n", "", "the parameters are"),
    (".SYNOPSIS", ".SYNOPSYS", "no .SYNOPSIS"),
    (".EXAMPLE", ".NOTES", "no .EXAMPLE"),
    ("Set-OpenNdesThing {", "Alter-OpenNdesThing {", "no approved verb"),
    ("[System.Security.SecureString]", "[string]", "must be a SecureString"),
    ("(SupportsShouldProcess)", "()", "SupportsShouldProcess"),
    ("$PSCmdlet.ShouldProcess('x')", "$true", "SupportsShouldProcess"),
    ("{ Get-Item -Path $text }", "{ gi $text }", "an alias"),
    ("{ Get-Item -Path $text }", "{ $text | ? Name }", "an alias"),
    ("{ Get-Item -Path $text }", "{ Write-Host -Object $text }", "is not used"),
    ("{ Get-Item -Path $text }", "{ Set-OpenNdesThing -Nowhere 1 }", "no parameter Nowhere"),
    ("{ Get-Item -Path $text }", "{ Set-OpenNdesOther }", "does not exist"),
    ("'--hard'", "'--soft'", "knows no --soft"),
    ("'set'", "'unset'", "has no unset"),
    ("'thing'", "'nothing'", "no verb nothing"),
    ("Changes it,", "Ver\u00e4ndert it,", "not ASCII"),
    ("        [string]$DataFolder", "        [string]$Folder", "no parameter DataFolder"),
)


class FakeProgram:
    """A help page for GOOD."""

    @staticmethod
    def help(verb):
        return "openndes thing set [--hard]\n" if verb == "thing" else None


def problems_of(text):
    problems = Problems()
    check_sources(problems, {"test.ps1": text}, ["Set-OpenNdesThing"], FakeProgram)
    return problems.lines


def self_test():
    failed = [f"self-test: {line}" for line in problems_of(GOOD)]
    for old, new, wanted in BREAKS:
        broken = GOOD.replace(old, new)
        if broken == GOOD or not any(wanted in line for line in problems_of(broken)):
            failed.append(f"self-test: \"{new[:40]}\" passes without \"{wanted}\": {problems_of(broken)}")
    return failed


def main():
    if len(sys.argv) < 2:
        sys.exit("Usage: check_powershell.py PROGRAM [ARGUMENT...]")
    lines = self_test()
    if not lines:
        lines, count = check_module(Program(sys.argv[1:]))
        print(f"{count} cmdlets, {len(lines)} problems")
    print("\n".join(lines), end="\n" if lines else "")
    sys.exit(1 if lines else 0)


main()
