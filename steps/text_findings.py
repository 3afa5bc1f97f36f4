"""The rules about texts: what TextProfile tells, held against the recipe's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps.data_findings import at_least, at_most, counted, listed, places, share_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steps.contracts import Finding
    from steps.profile import DataProfile, RowsFound, TextProfile
    from steps.recipe import Recipe
    from steps.recipe_sections.data_rules import DataRules


def judge_texts(profile: DataProfile, recipe: Recipe) -> Iterator[Finding]:
    """A finding for each rule about texts; none where no text is long enough to be compared or to tell a language."""
    rules, file = recipe.data_rules, profile.file
    if rules.min_short_text_share is not None:
        share = share_of(profile.short_texts, profile.usable_rows)
        yield at_least(
            "min_short_text_share",
            share,
            rules.min_short_text_share,
            what=f"{share:.2%} of the texts of {file} have fewer than {rules.short_text_characters} characters",
            limited=f"at least {rules.min_short_text_share.limit:.2%} must",
            remedy="Add shorter texts",
        )
    if profile.vocabulary_words is not None:
        words, limit = profile.vocabulary_words, rules.max_vocabulary_words.limit
        yield at_most(
            "max_vocabulary_words",
            words,
            rules.max_vocabulary_words,
            what=f"the texts of {file} have {counted(words, 'different word')}",
            limited=f"at most {limit} are allowed",
            remedy="Look for texts that are no sentences",
        )
    if profile.texts is not None:
        yield from _near_duplicates(profile.texts, file, rules)
        if profile.texts.languages.texts:
            yield _language(profile.texts, file, rules)
        yield from _characters(profile.texts, profile, rules)


def _near_duplicates(texts: TextProfile, file: str, rules: DataRules) -> Iterator[Finding]:
    whole = texts.looked_at == texts.comparable
    among = "" if whole else f" (looked for among the first {texts.looked_at} of {texts.comparable} such texts)"
    if not texts.compared:
        return
    yield at_most(
        "max_near_duplicate_share",
        share_of(texts.near_duplicates.count, texts.compared),
        rules.max_near_duplicate_share,
        what=f"{texts.near_duplicates.count} of {texts.compared} different texts of {file} that are long enough to be "
        f"compared{among} are nearly the same as an earlier one{_at(texts.near_duplicates)}",
        remedy="Keep one of each",
    )
    yield at_most(
        "max_leaked_share",
        share_of(texts.leaked.count, texts.compared_held_back),
        rules.max_leaked_share,
        what=f"{texts.leaked.count} of {texts.compared_held_back} different texts of {file} that are held back for "
        f"validation or test{among} are nearly the same as one of an earlier part{_at(texts.leaked)}",
        remedy="Keep one of each, so that nothing is measured on what was trained on",
    )


def _language(texts: TextProfile, file: str, rules: DataRules) -> Finding:
    found = texts.languages
    one = found.expected[0]
    which = f"another language than {one}" if found.expected == (one,) else f"none of {', '.join(found.expected)}"
    return at_most(
        "max_other_language_share",
        share_of(found.others.count, found.texts),
        rules.max_other_language_share,
        what=f"{found.others.count} of {found.texts} texts of {file} whose language is clear are in {which}"
        f"{_at(found.others)}",
        remedy="Remove or translate them, or name the language in data_rules.languages",
    )


def _characters(texts: TextProfile, profile: DataProfile, rules: DataRules) -> Iterator[Finding]:
    cases = (
        (
            "max_broken_encoding_share",
            rules.max_broken_encoding_share,
            texts.broken_encoding,
            "have broken characters, as when bytes are read in an encoding that is not theirs",
            "Export the file anew as UTF-8, or repair it with a tool such as ftfy",
        ),
        (
            "max_markup_share",
            rules.max_markup_share,
            texts.markup,
            "hold tags or entities of HTML or XML",
            "Remove them, if callers will not send any",
        ),
    )
    for name, rule, found, what, remedy in cases:
        yield at_most(
            name,
            share_of(found.count, profile.usable_rows),
            rule,
            what=f"{found.count} of {profile.usable_rows} texts of {profile.file} {what}{_at(found)}",
            remedy=remedy,
        )


def _at(found: RowsFound) -> str:
    return listed([places(found)] if found.count else [])
