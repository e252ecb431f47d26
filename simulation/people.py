"""Who is in the network: profiles in the proportions of a mostly Russian-speaking one."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

_COUNTRIES: dict[str, float] = {
    "Russia": 0.876,
    "Ukraine": 0.051,
    "Belarus": 0.020,
    "Kazakhstan": 0.019,
    "Turkey": 0.010,
    "Finland": 0.010,
    "Azerbaijan": 0.009,
    "Estonia": 0.002,
    "Latvia": 0.001,
    "Cyprus": 0.001,
    "Switzerland": 0.001,
}
# relative sizes within a country, the capital first
_CITIES: dict[str, dict[str, float]] = {
    "Russia": {
        "Moscow": 22, "Saint Petersburg": 11, "Yekaterinburg": 4, "Novosibirsk": 4, "Samara": 3, "Kazan": 3,
        "Krasnodar": 3, "Nizhny Novgorod": 3, "Rostov-on-Don": 3, "Chelyabinsk": 2.5, "Ufa": 2.5, "Voronezh": 2.5,
        "Perm": 2.5, "Omsk": 2.5, "Krasnoyarsk": 2.5, "Volgograd": 2, "Saratov": 2, "Tyumen": 2, "Irkutsk": 1.5,
        "Vladivostok": 1.5, "Tula": 1.5, "Yaroslavl": 1.5, "Barnaul": 1.5, "Kaliningrad": 1, "Murmansk": 1, "Sochi": 1,
        "Tomsk": 1, "Petrozavodsk": 0.5,
    },
    "Ukraine": {"Kyiv": 30, "Kharkiv": 14, "Odesa": 12, "Dnipro": 10, "Lviv": 8, "Poltava": 3},
    "Belarus": {"Minsk": 40, "Gomel": 10, "Mogilev": 7, "Brest": 7, "Grodno": 6},
    "Kazakhstan": {"Astana": 18, "Almaty": 30, "Shymkent": 12, "Karaganda": 9},
    "Turkey": {"Ankara": 15, "Istanbul": 40, "Antalya": 8},
    "Finland": {"Helsinki": 40, "Tampere": 14, "Turku": 10},
    "Azerbaijan": {"Baku": 60, "Ganja": 9, "Sumqayit": 9},
    "Estonia": {"Tallinn": 60, "Tartu": 15},
    "Latvia": {"Riga": 60, "Daugavpils": 8},
    "Cyprus": {"Nicosia": 30, "Limassol": 30},
    "Switzerland": {"Bern": 10, "Zurich": 30, "Geneva": 15},
}  # fmt: skip
CAPITALS: tuple[str, ...] = tuple(next(iter(cities)) for cities in _CITIES.values())
_MALE_SHARE, _ANDROID_SHARE, _ADS_SHARE, _GROUPS = 0.55, 0.65, 0.62, 5
_YOUNGEST, _OLDEST = 14, 95


def draw_people(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Profiles of `count` users: gender (1 male), age, country, city, exp_group, os, source."""
    country = _choose(rng, _COUNTRIES, count)
    city = np.empty(count, dtype=object)
    for name, cities in _CITIES.items():
        there = np.flatnonzero(country == name)
        city[there] = _choose(rng, cities, len(there))
    age = np.minimum(_YOUNGEST + rng.gamma(1.7, 7.6, count), _OLDEST)  # half are 25 or younger
    return pl.DataFrame(
        {
            "gender": pl.Series(rng.random(count) < _MALE_SHARE).cast(pl.Int16),
            "age": pl.Series(age).cast(pl.Int32),
            "country": pl.Series(country, dtype=pl.String),
            "city": pl.Series(city, dtype=pl.String),
            "exp_group": pl.Series(rng.integers(0, _GROUPS, count)).cast(pl.Int16),
            "os": pl.Series(np.where(rng.random(count) < _ANDROID_SHARE, "Android", "iOS"), dtype=pl.String),
            "source": pl.Series(np.where(rng.random(count) < _ADS_SHARE, "ads", "organic"), dtype=pl.String),
        }
    )


def _choose(rng: np.random.Generator, weights: dict[str, float], count: int) -> NDArray[np.object_]:
    shares = np.array(list(weights.values()))
    return np.array(list(weights), dtype=object)[rng.choice(len(shares), count, p=shares / shares.sum())]
