# SPDX-License-Identifier: Apache-2.0
"""PowerShell source taken apart far enough to check it: tokens, functions, parameters, help.

The grammar is the part that a module needs (PowerShell language specification 2 and 8): comments,
four kinds of strings with their nesting, variables, brackets, words. What it does not know is a
problem, not something to skip.
"""
import re

OPENERS = {"(": ")", "@(": ")", "$(": ")", "{": "}", "@{": "}", "[": "]"}
CLOSERS = {")", "}", "]"}
KEYWORDS = {"begin", "break", "catch", "continue", "do", "else", "elseif", "end", "exit", "filter",
            "finally", "for", "foreach", "function", "if", "in", "param", "process", "return",
            "switch", "throw", "try", "until", "while"}
VARIABLE = re.compile(r"\$(?:\{[^}\n]+\}|(?:[A-Za-z_]\w*:)?[A-Za-z_]\w*|[$?^_])")
WORD = re.compile(r"[A-Za-z_0-9][\w.\\/:*-]*")
PARAMETER = re.compile(r"-[A-Za-z]\w*:?")
OPERATOR = re.compile(r"::|\+\+|--|[-+*/%]=|\.\.|[-+*/%=.,;|&!<>?:]+")


class SourceError(Exception):
    """line: where; the text says what."""

    def __init__(self, line, text):
        super().__init__(text)
        self.line = line


class Token:
    def __init__(self, kind, text, line, start):
        self.kind = kind    # comment, string, variable, open, close, word, parameter, operator, newline
        self.text = text
        self.line = line
        self.start = start  # offset

    def __repr__(self):
        return f"{self.kind}:{self.text!r}@{self.line}"

    def value(self):
        """What a string literal stands for, without escapes of double quotes."""
        if self.text.startswith(("'", "@'")):
            return self.text[1:-1].replace("''", "'") if self.text[0] == "'" else self.text[2:-2]
        return self.text[1:-1]


class Lexer:
    def __init__(self, text):
        self.text = text
        self.at = 0
        self.stack = []   # (opener, line)
        self.tokens = []

    def line(self, at=None):
        return self.text.count("\n", 0, self.at if at is None else at) + 1

    def add(self, kind, end):
        self.tokens.append(Token(kind, self.text[self.at:end], self.line(), self.at))
        self.at = end

    def until(self, end, what, skip):
        """Behind the next `end` from here on; `skip` bytes open it."""
        found = self.text.find(end, self.at + skip)
        if found < 0:
            raise SourceError(self.line(), f"{what} has no end")
        return found + len(end)

    def single_quoted(self):
        at = self.at + 1
        while True:
            at = self.text.find("'", at)
            if at < 0:
                raise SourceError(self.line(), "'...' has no end")
            if self.text[at:at + 2] != "''":
                return at + 1
            at += 2

    def double_quoted(self):
        """Behind the closing quote; $(...) inside is source again."""
        at = self.at + 1
        while at < len(self.text):
            char = self.text[at]
            if char == "`":
                at += 2
            elif self.text[at:at + 2] == '""':
                at += 2
            elif char == '"':
                return at + 1
            elif self.text[at:at + 2] == "$(":
                at = self.subexpression(at + 2)
            else:
                at += 1
        raise SourceError(self.line(), '"..." has no end')

    def subexpression(self, at):
        inner = Lexer(self.text)
        inner.at = at
        inner.run(stop=True)
        return inner.at

    def here_string(self, quote):
        head = re.compile(r"@%s[ \t]*\n" % quote).match(self.text, self.at)
        if not head:
            raise SourceError(self.line(), f"@{quote} is not the end of its line")
        return self.until(f"\n{quote}@", f"@{quote}...{quote}@", head.end() - self.at - 1)

    def close(self, char, stop):
        """True when the closing bracket ends what the lexer was started for."""
        if not self.stack:
            if stop and char == ")":
                self.at += 1
                return True
            raise SourceError(self.line(), f"{char} closes nothing")
        opener, line = self.stack.pop()
        if OPENERS[opener] != char:
            raise SourceError(self.line(), f"{char} closes {opener} of line {line}")
        self.add("close", self.at + 1)
        return False

    def open(self, opener):
        self.stack.append((opener, self.line()))
        self.add("open", self.at + len(opener))

    def step(self, stop):
        rest = self.text[self.at:self.at + 2]
        char = rest[0]
        if char == "\n":
            self.add("newline", self.at + 1)
        elif char in " \t":
            self.at += 1
        elif rest == "`\n":
            self.at += 2
        elif rest == "<#":
            self.add("comment", self.until("#>", "<#", 2))
        elif char == "#":
            end = self.text.find("\n", self.at)
            self.add("comment", len(self.text) if end < 0 else end)
        elif rest in ("@'", '@"'):
            self.add("string", self.here_string(rest[1]))
        elif char == "'":
            self.add("string", self.single_quoted())
        elif char == '"':
            self.add("string", self.double_quoted())
        elif rest in OPENERS:
            self.open(rest)
        elif char in OPENERS:
            self.open(char)
        elif char in CLOSERS:
            return self.close(char, stop)
        else:
            self.simple()
        return False

    def simple(self):
        for kind, pattern in (("variable", VARIABLE), ("parameter", PARAMETER), ("word", WORD),
                              ("operator", OPERATOR)):
            found = pattern.match(self.text, self.at)
            if found:
                self.add(kind, found.end())
                return
        raise SourceError(self.line(), f"unknown character {self.text[self.at]!r}")

    def run(self, stop=False):
        while self.at < len(self.text):
            if self.step(stop):
                return
        if self.stack:
            raise SourceError(self.stack[-1][1], f"{self.stack[-1][0]} is never closed")
        if stop:
            raise SourceError(self.line(), "$( in a string is never closed")


def tokenize(text):
    lexer = Lexer(text)
    lexer.run()
    return lexer.tokens


def matching(tokens, index):
    """Index of the bracket that closes tokens[index]."""
    depth = 0
    for at in range(index, len(tokens)):
        depth += {"open": 1, "close": -1}.get(tokens[at].kind, 0)
        if depth == 0:
            return at
    raise SourceError(tokens[index].line, "bracket without its end")


class Parameter:
    def __init__(self, name, attributes, line):
        self.name = name
        self.attributes = attributes  # text of each [...]
        self.line = line

    def type(self):
        return self.attributes[-1][1:-1] if self.attributes else ""


class Function:
    def __init__(self, name, line, tokens, text):
        self.name = name
        self.line = line
        self.tokens = tokens    # between its braces
        self.parameters = []
        self.attributes = []    # of the function: [CmdletBinding(...)] and so on
        self.help = None        # the comment block it begins with
        self.read(text)

    def is_cmdlet(self):
        return any(a.startswith("[CmdletBinding") for a in self.attributes)

    def read(self, text):
        body = [t for t in self.tokens if t.kind != "newline"]
        if body and body[0].kind == "comment" and body[0].text.startswith("<#"):
            self.help = body[0].text
        body = [t for t in body if t.kind != "comment"]
        at = 0
        while at < len(body) and body[at].text == "[":
            end = matching(body, at)
            self.attributes.append(text[body[at].start:body[end].start + 1])
            at = end + 1
        if at < len(body) and body[at].text == "param":
            self.read_parameters(body[at + 2:matching(body, at + 1)], text)

    def read_parameters(self, tokens, text):
        attributes = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            if token.text == "[":
                end = matching(tokens, at)
                attributes.append(text[token.start:tokens[end].start + 1])
                at = end
            elif token.kind == "open":
                at = matching(tokens, at)
            elif token.kind == "variable" and attributes:
                self.parameters.append(Parameter(token.text[1:], attributes, token.line))
                attributes = []
            at += 1

    def help_sections(self):
        """[(keyword, argument, text)] of the comment-based help."""
        parts = re.split(r"(?m)^[ \t]*\.([A-Z]+)[ \t]*(\S*)[ \t]*$", (self.help or "<##>")[2:-2])
        return [(parts[i], parts[i + 1], parts[i + 2].strip()) for i in range(1, len(parts), 3)]


def functions(text):
    """Functions of a file; fails where the source does not hold together."""
    tokens = tokenize(text)
    found = []
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text == "function" and tokens[at + 1].kind == "word":
            end = matching(tokens, at + 2)
            found.append(Function(tokens[at + 1].text, token.line, tokens[at + 3:end], text))
    return found


def commands(tokens):
    """[(word token, its arguments)] for what stands where a command begins."""
    found = []
    fresh = True      # at the start of a statement
    stack = []
    for at, token in enumerate(tokens):
        if token.kind == "comment":
            continue
        if token.kind == "open":
            stack.append(token.text)
            fresh = token.text != "["
            continue
        if token.kind == "close":
            if stack:
                stack.pop()
            fresh = False
            continue
        following = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if fresh and token.kind == "word" and "[" not in stack and following != "=" \
                and not token.text[0].isdigit():
            if token.text not in KEYWORDS:
                found.append((token, arguments(tokens, at + 1)))
            # a value or a command may follow these
            fresh = token.text in ("else", "return", "throw", "try", "finally", "process", "in")
            continue
        fresh = token.kind == "newline" or token.text in ("|", ";", "=", "+=")
    return found


def arguments(tokens, at):
    """Tokens of a command up to its end, brackets as a whole."""
    result = []
    while at < len(tokens):
        token = tokens[at]
        if token.kind in ("newline", "close") or token.text in ("|", ";"):
            break
        result.append(token)
        if token.kind == "open":
            at = matching(tokens, at)
        at += 1
    return result
