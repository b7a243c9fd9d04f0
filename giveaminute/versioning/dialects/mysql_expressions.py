"""One spelling for the expressions and views that MySQL and MariaDB print back in two.

Both servers store what they parsed and not what was typed. MySQL prints every parenthesis, `_utf8mb4'a'` and
`(not((a like b)))`; MariaDB prints as few as precedence allows, and `a not like b` (seen on MySQL 9.7 and
MariaDB 10.11). So the text is parsed as far as operators go, and printed with the parentheses that are
needed. What they rewrite in meaning stays different: of `a xor b` MySQL alone makes `a <> 0 xor b <> 0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from giveaminute.versioning.dialects.sql_text import MINUS, Token, mysql_tokens, rendered, unescape

# MySQL 8.4 manual, 14.4.1 «Operator Precedence», loosest first.
_LEVELS = (
    ("or", "||"),
    ("xor",),
    ("and", "&&"),
    ("not",),
    ("between",),
    ("=", "<=>", ">=", ">", "<=", "<", "<>", "!=", "is", "like", "regexp", "rlike", "in"),
    ("|",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%", "div"),
    ("^",),
    (MINUS.text, "~"),
    ("!",),
    ("collate", "binary"),
)
_PRECEDENCE = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
_COMPARISON, _BETWEEN = _PRECEDENCE["="], _PRECEDENCE["between"]
_ASSOCIATIVE = (_PRECEDENCE["or"], _PRECEDENCE["and"])
_ATOM = len(_LEVELS)
_NOTHING = -1
# After these a parenthesis only groups; after any other word or name it holds arguments.
_STARTERS = frozenset(
    "select distinct where having on when then else from join by case return limit as using interval".split()
)
_SAME = {
    "ucase": "upper",
    "lcase": "lower",
    "octet_length": "length",
    "character_length": "char_length",
    "substring": "substr",
    "now": "current_timestamp",
    "mod": "%",
    "rlike": "regexp",
    "&&": "and",
    "!=": "<>",
}


@dataclass
class _Group:
    """What stands between `(` and `)` or between CASE and END."""

    opener: str
    items: list[_Node] = field(default_factory=list)


_Node = Token | _Group


def canonical(text: str) -> str:
    """An expression of CHECK, DEFAULT, GENERATED or an index, in the one spelling."""
    return rendered(canonical_tokens(mysql_tokens(text)))


def canonical_view(definition: str, database: str) -> str:
    """A view's query in the one spelling, its tables without the name of their own database."""
    return rendered(canonical_tokens(_without_database(mysql_tokens(definition), database)))


def canonical_tokens(tokens: Sequence[Token]) -> list[Token]:
    """The tokens in the one spelling; as they are where parentheses do not match."""
    spelled = [_same(token) for token in _without_introducers(tokens)]
    tree = _parsed(spelled)
    return spelled if tree is None else list(_flat(_simplified(tree)))


def stored(text: str) -> str:
    r"""What MySQL's information_schema means by an expression: `\'` is `'`, and UTF-8 looks like latin1.

    Seen on 9.7 in CHECK_CLAUSE, COLUMN_DEFAULT and GENERATION_EXPRESSION; VIEW_DEFINITION is right as it is.
    """
    if not text.isascii():
        with suppress(UnicodeError):  # it was right
            text = text.encode("latin-1").decode("utf-8")
    return unescape(text) if "\\'" in text else text


def _without_introducers(tokens: Sequence[Token]) -> Iterator[Token]:
    for token, after in zip(tokens, [*tokens[1:], None], strict=False):
        is_introducer = token.kind == "word" and token.text[0] == "_" and after is not None and after.kind == "string"
        if not is_introducer:
            yield token


def _same(token: Token) -> Token:
    if token.kind not in ("word", "op"):
        return token
    text = token.text if token.text.startswith("@") else token.text.lower()
    text = _SAME.get(text, text)
    return Token("op" if text == "%" else token.kind, text)


def _without_database(tokens: list[Token], database: str) -> list[Token]:
    """Less `database`. before a table's name; an alias of the same name, as in `database`.`column`, stays."""
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        if (
            tokens[place] == Token("name", database)
            and _is_dot(tokens, place + 1)
            and _names_table(tokens, kept, place)
        ):
            place += 2
            continue
        kept.append(tokens[place])
        place += 1
    return kept


def _names_table(tokens: list[Token], before: list[Token], place: int) -> bool:
    if _is_dot(tokens, place + 3) or (place + 3 < len(tokens) and tokens[place + 3].text == "("):
        return True
    leading = next((token for token in reversed(before) if token.text != "("), None)
    return leading is not None and leading.is_word("from", "join", "straight_join")


def _is_dot(tokens: list[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place] == Token("op", ".")


def _parsed(tokens: Sequence[Token]) -> list[_Node] | None:
    stack = [_Group("")]
    for token in tokens:
        if token == Token("op", "(") or token.is_word("case"):
            stack.append(_Group(token.text))
        elif token == Token("op", ")") or token.is_word("end"):
            group = stack.pop()
            if group.opener != ("(" if token.text == ")" else "case") or not stack:
                return None
            stack[-1].items.append(group)
        else:
            stack[-1].items.append(token)
    return stack[0].items if len(stack) == 1 else None


def _flat(items: Sequence[_Node]) -> Iterator[Token]:
    for item in items:
        if isinstance(item, Token):
            yield item
            continue
        is_case = item.opener == "case"
        yield Token("word", "case") if is_case else Token("op", "(")
        yield from _flat(item.items)
        yield Token("word", "end") if is_case else Token("op", ")")


def _simplified(items: list[_Node]) -> list[_Node]:
    """The items without parentheses that precedence makes superfluous, `not (a like b)` as `a not like b`."""
    items = _operators_marked(_regexp_as_operator(items))
    done: list[_Node] = []
    for place, item in enumerate(items):
        if not isinstance(item, _Group):
            done.append(item)
            continue
        group = _Group(item.opener, _simplified(item.items))
        after = items[place + 1] if place + 1 < len(items) else None
        if _is_grouping(group, done) and (_negate_like(group, done) or _superfluous(group, done, after)):
            done.extend(group.items)
        else:
            done.append(group)
    return _zero_last(done)


def _zero_last(items: list[_Node]) -> list[_Node]:
    """`0 <> a`, which MySQL makes of a bare `a` beside AND and OR, as MariaDB's `a <> 0`."""
    done = [*items]
    levels = _levels(items)
    for place, item in enumerate(items[1:-1], 1):
        if item not in (Token("op", "<>"), Token("op", "=")) or items[place - 1] != Token("number", "0"):
            continue
        before = items[place - 2] if place > 1 else None
        end = next((n for n in range(place + 1, len(items)) if _ends_operand(items[n], levels[n])), len(items))
        if before is None or _ends_operand(before, levels[place - 2]):
            done[place - 1 : end] = [*items[place + 1 : end], item, items[place - 1]]
    return done


def _ends_operand(item: _Node, level: int) -> bool:
    return _NOTHING < level <= _COMPARISON or _is(item, _starts)


def _operators_marked(items: list[_Node]) -> list[_Node]:
    """Minus before an operand told from minus between two; TRUE and FALSE as 1 and 0."""
    marked: list[_Node] = []
    for item in items:
        before = marked[-1] if marked else None
        starts = before is None or (isinstance(before, Token) and (_level(before) != _NOTHING or _starts(before)))
        if item == Token("op", "-") and starts:
            item = MINUS
        if isinstance(item, Token) and item.is_word("true", "false") and not _after_is(marked):
            item = Token("number", "1" if item.text == "true" else "0")
        marked.append(item)
    return marked


def _starts(token: Token) -> bool:
    return token.is_word(*_STARTERS) or token == Token("op", ",")


def _after_is(items: list[_Node]) -> bool:
    words = [item.text for item in items[-2:] if isinstance(item, Token)]
    return words[-1:] == ["is"] or words == ["is", "not"]


def _regexp_as_operator(items: list[_Node]) -> list[_Node]:
    """`regexp_like(a, b)`, which MySQL makes of `a regexp b`, as that again."""
    done: list[_Node] = []
    for item in items:
        if isinstance(item, _Group) and done and _is(done[-1], lambda token: token.is_word("regexp_like")):
            commas = [place for place, part in enumerate(item.items) if part == Token("op", ",")]
            if len(commas) == 1:
                parts = [*item.items]
                parts[commas[0]] = Token("word", "regexp")
                done[-1] = _Group("(", parts)
                continue
        done.append(item)
    return done


def _is(node: _Node, test: Callable[[Token], bool]) -> bool:
    return isinstance(node, Token) and test(node)


def _is_grouping(group: _Group, before: list[_Node]) -> bool:
    if group.opener != "(" or not group.items:
        return False
    if any(_is(item, lambda token: token.is_word("select", "join") or token.text == ",") for item in group.items):
        return False
    if not before:
        return True
    last = before[-1]
    if isinstance(last, _Group) or last.is_word("in"):
        return False
    return last.kind == "op" or _level(last) != _NOTHING or last.is_word(*_STARTERS)


def _superfluous(group: _Group, before: list[_Node], after: _Node | None) -> bool:
    inside = _loosest(group.items)
    left = _levels(before)[-1] if before else _NOTHING
    right = _level(after) if isinstance(after, Token) else _NOTHING
    if right == _PRECEDENCE["not"]:
        right = _COMPARISON  # only NOT IN, NOT LIKE and NOT BETWEEN follow an operand
    return (inside > left or (inside == left and left in _ASSOCIATIVE)) and inside >= right


def _negate_like(group: _Group, before: list[_Node]) -> bool:
    """Where NOT stands before a group that is one `a like b`: move it inside, and say that this was done."""
    if not (before and _is(before[-1], lambda token: token.is_word("not"))) or _loosest(group.items) != _COMPARISON:
        return False
    places = [place for place, level in enumerate(_levels(group.items)) if level == _COMPARISON]
    operators = [item for item in (group.items[place] for place in places) if isinstance(item, Token)]
    if [operator.text for operator in operators] not in (["like"], ["regexp"]):
        return False
    before.pop()
    group.items.insert(places[0], Token("word", "not"))
    return True


def _loosest(items: Sequence[_Node]) -> int:
    """The precedence of the operator that is applied last, `_ATOM` where there is none."""
    return min((level for level in _levels(items) if level != _NOTHING), default=_ATOM)


def _levels(items: Sequence[_Node]) -> list[int]:
    """Each item's precedence as an operator, `_NOTHING` for what is none; BETWEEN's AND counts as BETWEEN."""
    levels: list[int] = []
    betweens = 0
    for place, item in enumerate(items):
        level = _level(item) if isinstance(item, Token) else _NOTHING
        if level == _BETWEEN:
            betweens += 1
        elif betweens and _is(item, lambda token: token.is_word("and")):
            betweens, level = betweens - 1, _BETWEEN
        elif level == _PRECEDENCE["not"] and _belongs_to_comparison(items, place):
            level = _COMPARISON
        levels.append(level)
    return levels


def _belongs_to_comparison(items: Sequence[_Node], place: int) -> bool:
    """Whether a NOT is that of IS NOT, NOT IN, NOT LIKE, NOT REGEXP or NOT BETWEEN."""
    before = items[place - 1] if place else None
    after = items[place + 1] if place + 1 < len(items) else None
    return (isinstance(before, Token) and before.is_word("is")) or (
        isinstance(after, Token) and after.is_word("in", "like", "regexp", "between")
    )


def _level(token: Token) -> int:
    return _PRECEDENCE.get(token.text, _NOTHING) if token.kind in ("word", "op") else _NOTHING
