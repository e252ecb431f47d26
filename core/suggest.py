"""A misspelt name is answered with the one that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> str:
    """What to say about a name that is none of `known`: the closest, if one is close, and what there is.

    >>> meant("text-embedings", ["popularity", "text-embeddings"])
    "did you mean 'text-embeddings'? there are: popularity, text-embeddings"
    >>> meant("x", [])
    'there are: none'
    """
    names = list(known)
    close = [one for one in names if one.startswith(name)][:1] or get_close_matches(name, names, n=1)
    told = f"did you mean {close[0]!r}? " if close and name else ""
    return f"{told}there are: {', '.join(names) or 'none'}"
