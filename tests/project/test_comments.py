"""Comments stand above a statement or beside it, not inside of one that was broken for them."""

import io
import keyword
import re
import tokenize

import pytest
from house import MODULES, name_of

FOR_TOOLS = re.compile(r"#\s*(fmt:|type:|noqa|pragma)")
# Modules that still have such a comment; whoever moves one takes its module away.
LEFT = {"_backends.operations", "_wraps.xarray.call", "_wraps.xarray.names"}


class Bracket:
    """An open bracket: whether it only holds an expression together, and the comments beside what is in it."""

    def __init__(self, token, before):
        names = before.type == tokenize.NAME and not keyword.iskeyword(before.string)
        is_called = names or before.string in (")", "]", "}")
        self.is_grouping, self.comments = token.string == "(" and not is_called, []


def misplaced(text):
    """The lines of comments behind a closing bracket at the beginning of a line, and beside the one thing in a bracket."""
    found, open_ones, before = [], [], tokenize.TokenInfo(tokenize.NEWLINE, "", (0, 0), (0, 0), "")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        line = token.line.strip()
        if token.type == tokenize.COMMENT:
            if FOR_TOOLS.match(token.string) or line.startswith("#"):
                continue
            if line[0] in ")]}":
                found.append(token.start[0])
            elif open_ones:
                open_ones[-1].comments.append(token.start[0])
            continue
        if token.type == tokenize.OP and token.string in "([{":
            open_ones.append(Bracket(token, before))
        elif token.type == tokenize.OP and token.string in ")]}":
            own = open_ones.pop()
            found += own.comments if own.is_grouping else []
        elif open_ones and token.string in (",", "for"):  # several things, each with a comment of its own
            open_ones[-1].is_grouping = False
        if token.type != tokenize.NL:
            before = token
    return sorted(found)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_statement_is_broken_for_a_comment(path):
    assert misplaced(path.read_text()) == [] or name_of(path) in LEFT


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("SMALL = (\n    0.01  # of the values\n)\n", [2]),
        ("with (\n    quiet()\n):  # once\n    pass\n", [3]),
        ("x = f(\n    a,\n    b,\n)  # why\n", [4]),
        ("try:\n    f()\nexcept (\n    A,\n    B,\n):  # others\n    pass\n", [6]),
        ("x = f(\n    a\n)  # fmt: skip\n", []),
        ("# why\nx = f(a)  # and how\n", []),
        ("WORDS = {\n    'a': 1,  # one\n    'b': 2,  # two\n}\n", []),
        ("x = f(\n    a,  # the first\n    # and then\n    b,\n)\n", []),
        ("x = (\n    a\n    # but for the last\n    + b\n)\n", []),
    ],
)
def test_such_comments_would_be_found(text, lines):
    assert misplaced(text) == lines
