#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""Is every sentence that the plugin prints in its manual, and no other?

messages.py PAGE.pod FILE.c...

What counts as a sentence: the format of each error_set, nbdkit_error and
log_event and of what is like them, and any other text of four words or more, as most sentences reach
these calls through tables and helpers.  What only debug lines, --help and
--dump-plugin print does not count, nor do the names that the standards give to
sense codes.

A sentence is in the manual if an =item has a part of it that does not change:
the first two words or more between its conversions, colons and commas.  So
sentences that begin alike can share an item, and advice that follows a colon
can be worded anew without the manual being touched.
"""

import re
import sys

TOLD = ("error_set", "nbdkit_error", "log_event", "log_notice", "engine_set_broken",
        "session_lose")
NOT_TOLD = ("debug_session", "debug_scsi", "debug_verbose", "debug_pdu",
            "debug_pdu_line", "nbdkit_debug", "printf", "strstr", "strncmp",
            "strcmp", "_Static_assert", "static_assert", "fprintf",
            "write_family", "set_answer")

# Texts of four words or more that are no sentences: the tables that they are
# in, and how names begin that sentences are made with.
TABLES = ("parameters_help", "asc_texts", "longname", "description",
          "lun_columns", "session_columns", "portal_columns")
NAMES = re.compile(r"an? [a-z -]*(device|disk|unit|type|controller)$|"
                   r"INQUIRY of|CHECK |reading the map|the URL's |HTTP/|"
                   r"%s of |%s/%d |the user |, |Failed creating|unknown status")

COMMENT = r"/\*.*?\*/|//[^\n]*"
STRING = r'"(?:[^"\\\n]|\\.)*"'
MACRO = r"PRI[diouxX]\w+"
TOKEN = re.compile(
    rf"(?P<comment>{COMMENT})|(?P<string>{STRING})|(?P<char>'(?:[^'\\]|\\.)+')"
    rf"|(?P<macro>\b{MACRO}\b)|(?P<directive>^[ \t]*#(?:\\\n|[^\n])*)"
    rf"|(?P<word>\w+)|(?P<space>\s+)|(?P<other>.)", re.S | re.M)


def sentences(text):
    """(line, sentence) for each sentence of a C source."""
    calls = [""]                # what each open parenthesis belongs to
    word = table = literal = ""
    line = start = 1
    for t in TOKEN.finditer(text):
        kind, value = t.lastgroup, t.group()
        if kind == "string":
            start = start if literal else line
            literal += value[1:-1]
        elif kind == "macro":
            literal += "u"      # the end of a conversion
        elif kind not in ("space", "comment"):
            if literal:
                if is_sentence(literal, calls, table):
                    yield start, literal
                # Of a call only the format: arguments have no sentences.
                if calls[-1] in TOLD:
                    calls[-1] = "told"
                literal = ""
            if value == "(":
                calls.append(word)
            elif value == ")" and len(calls) > 1:
                calls.pop()
            elif value == ";":
                table = ""
            if value in "=[" and word:
                table = word
            if kind == "directive":
                if value.split()[:1] == ["#define"]:
                    yield from ((line, s) for _, s in
                                sentences(value.replace("\\\n", " ")
                                          .replace("#define", "", 1)))
            if kind == "word":
                word = value
            elif value not in "(":
                word = ""
        line += value.count("\n")


def is_sentence(literal, calls, table):
    if any(call in NOT_TOLD for call in calls) or table in TABLES:
        return False
    if calls[-1] in TOLD:
        return stable(literal) is not None
    return (len(re.findall(r"[A-Za-z]+|%", literal)) >= 4 and
            " " in literal and not NAMES.match(literal))


def stable(sentence):
    """The part of a sentence that the manual must have; None: it has none."""
    text = re.sub(r"%%", "\0", sentence)
    text = re.sub(r"\\(.)", r"\1", text)
    parts = re.split(r"%[-+ #0-9.*]*(?:hh?|ll?|[zjt])?[a-zA-Z]|[:;] | \("
                     r"|, (?:as in|and|or|which|so) ", text)
    parts = [" ".join(p.replace("\0", "%").split()) for p in parts]
    for words, length in ((2, 11), (1, 4)):
        for part in parts:
            if (len(re.findall(r"[A-Za-z]{2,}", part)) >= words and
                    len(part) >= length):
                return part
    return None


def items(pod):
    """The text of all =item lines, which have no formatting codes."""
    return [" ".join(i.split()) for i in
            re.findall(r"^=item (.*?)\n\n", pod, re.S | re.M)]


def main():
    page, *sources = sys.argv[1:]
    with open(page, encoding="utf-8") as f:
        documented = items(f.read())
    found = missing = 0
    unused = set(documented)
    for source in sources:
        with open(source, encoding="utf-8") as f:
            for line, sentence in sentences(f.read()):
                found += 1
                part = stable(sentence)
                if part is None:
                    continue
                unused -= {item for item in documented if part in item}
                if not any(part in item for item in documented):
                    missing += 1
                    print(f"{source}:{line}: \"{sentence}\"\n"
                          f"    is not in {page}: add an =item for it there "
                          f"(with the words \"{part}\"), or add it to an item "
                          f"that says the same")
    for item in sorted(unused):
        print(f"{page}: no sentence in the sources is like the =item "
              f"\"{item}\": remove it, or word it as they do")
    print(f"{found} sentences, {missing} of them not in the manual; "
          f"{len(unused)} items without one")
    # A parser that finds nothing would find nothing wrong.
    if found < len(sources):
        print("that is too few: does this script still read C right?")
        return 1
    return 1 if missing or unused else 0


sys.exit(main())
