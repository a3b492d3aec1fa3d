"""Names of space groups in the spellings of files, against the settings they mean."""

from __future__ import annotations

import gemmi
import pytest

from nanocrystal.sample.crystal.group_symbols import (
    all_settings,
    hall_operations,
    setting_of,
    settings_named,
    settings_numbered,
)

ONE = {
    # as standard, without blanks, in capitals, with underscores, brackets and LaTeX
    "P n m a": "P n m a", "Pnma": "P n m a", "PNMA": "P n m a", "P_n_m_a": "P n m a", "P n m a (No. 62)": "P n m a",
    "P 63/m m c": "P 63/m m c", "P6_3/mmc": "P 63/m m c", "P 6(3)/m m c": "P 63/m m c", "P 6 3/m m c": "P 63/m m c",
    "Pmn2(1)": "P m n 21", "P 2$_1$ 2$_1$ 2$_1$": "P 21 21 21", "P 1 21/c 1": "P 1 21/c 1", "P12_1/c1": "P 1 21/c 1",
    "F m -3 m (225)": "F m -3 m", "*P n m a": "P n m a",
    # before 1983, without a bar; bars behind, above
    "F m 3 m": "F m -3 m", "Fm3m": "F m -3 m", "P m 3 n": "P m -3 n", "P a 3": "P a -3", "I a 3 d": "I a -3 d",
    "FM3-M": "F m -3 m", "P4-21M": "P -4 21 m", "P1-": "P -1", "F m 3\u0305 m": "F m -3 m", "Fm\u203e3m": "F m -3 m",
    # full symbols
    "P 2/m 2/m 2/m": "P m m m", "P 21/n 21/m 21/a": "P n m a", "F 4/m -3 2/m": "F m -3 m", "P 21/a -3": "P a -3",
    "P 63/m 2/m 2/c": "P 63/m m c", "I 4/m 2/m 2/m": "I 4/m m m", "P -3 2/m 1": "P -3 m 1",
    # glide planes of 1992
    "C m c e": "C m c a", "A e m 2": "A b m 2", "A e a 2": "A b a 2",
    # extensions for origin and axes
    "F d -3 m :1": "F d -3 m:1", "Fd-3m:2": "F d -3 m:2", "F d -3 m S": "F d -3 m:1", "F d -3 m Z": "F d -3 m:2",
    "FD3-MZ": "F d -3 m:2", "F d -3 m (origin choice 2)": "F d -3 m:2", "I 41/a m d Z": "I 41/a m d:2",
    "R -3 c H": "R -3 c:H", "R -3 c HR": "R -3 c:H", "R -3 c :R": "R -3 c:R", "R -3 m RS": "R -3 m:R",
    "R3-CH": "R -3 c:H", "R -3 2/m (hexagonal axes)": "R -3 m:H", "R -3 m (Rhombohedral axes)": "R -3 m:R",
    "F 41/d -3 2/m (origin choice 2)": "F d -3 m:2",
    "R -3 c R": "R -3 c:R", "P n n n 2": "P n n n:2", "P 1 21/c 1 :b1": "P 1 21/c 1",
}  # fmt: skip
SEVERAL = {
    "F d -3 m": ["F d -3 m:1", "F d -3 m:2"], "Fd3m": ["F d -3 m:1", "F d -3 m:2"],
    "R -3 m": ["R -3 m:H", "R -3 m:R"], "P 21/c": ["P 1 21/c 1", "P 21/c 1 1"],
    "P21": ["P 1 21 1", "P 1 1 21", "P 21 1 1"], "B 2/b": ["B 1 1 2/b", "B 2/b 1 1"],
    "C m m e": ["C m m a", "C m m b"],
}  # fmt: skip


@pytest.mark.parametrize("written", ONE)
def test_one_setting(written: str) -> None:
    assert [s.symbol for s in settings_named(written)] == [ONE[written]]


@pytest.mark.parametrize("written", SEVERAL)
def test_several_settings_the_usual_first(written: str) -> None:
    assert [s.symbol for s in settings_named(written)] == SEVERAL[written]


@pytest.mark.parametrize("written", ["", "P q q q", "hello", "F d -3 m :3", "P 7", "P n m a :R"])
def test_no_setting(written: str) -> None:
    assert settings_named(written) in ((), settings_named("P n m a"))
    assert written == "P n m a :R" or settings_named(written) == ()


def test_every_symbol_of_the_table_means_itself_in_three_spellings() -> None:
    for setting in all_settings():
        extension = f":{setting.extension}" if setting.extension else ""
        for written in (setting.short, setting.short.replace(" ", ""), setting.short.upper()):
            assert [s.symbol for s in settings_named(written + extension)] == [setting.symbol], written


def test_numbers_mean_the_settings_of_the_international_tables() -> None:
    tabulated = [s.xhm() for s in gemmi.spacegroup_table_itb()]
    found = [s.symbol for n in range(1, 231) for s in settings_numbered(n)]
    assert sorted(found) == sorted(tabulated)
    assert all(settings_numbered(n)[0].reference for n in range(1, 231))
    assert settings_numbered(0) == settings_numbered(231) == ()


def test_hall_symbols() -> None:
    for symbol, meant in (("F 4d 2 3 -1d", "F d -3 m:1"), ("-P_2ac_2n", "P n m a"), ("-p 6c 2c", "P 63/m m c")):
        operations = hall_operations(symbol)
        assert operations is not None
        setting = setting_of(operations)
        assert setting is not None
        assert setting.symbol == meant
    assert hall_operations("P n m a") is None
