"""XML of instruments: marks and name spaces do not matter, entities are refused, numbers are checked."""

from __future__ import annotations

import numpy as np
import pytest

from nanocrystal.data.markup import child, first_number, first_text, named, number_array, tag, xml_root
from nanocrystal.errors import InputError


def test_marks_name_spaces_and_other_encodings() -> None:
    text = '<?xml version="1.0" encoding="{}"?><a xmlns="http://x.y"><b>4.5</b><c><b>é</b><d Value="7" /></c></a>'
    for content in (
        b"\xef\xbb\xbf" + text.format("utf-8").encode(),
        text.format("utf-16").encode("utf-16"),
        text.format("iso-8859-1").encode("latin-1"),
    ):
        root = xml_root(content, "a.xml", "XML")
        assert tag(root) == "a"
        assert [e.text for e in named(root, "b")] == ["4.5", "é"]
        assert first_text(root, "d") == ""
        assert (first_number(root, "b"), first_number(root, "d"), first_number(root, "c")) == (4.5, 7.0, None)
        assert child(root, "d") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<a><b></a>", "cannot be read as XML: mismatched tag"),
        (b"no XML", "cannot be read as XML: syntax error"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type or entities"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'.encode("utf-16"), "document type or entities"),
        (b"<a>\x00</a>", "control characters"),
    ],
)
def test_what_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        xml_root(content, "a.xml", "XML")


def test_numbers() -> None:
    np.testing.assert_array_equal(number_array(" 1 2,3\n4.5e1 ", "a.xml", "b"), [1.0, 2.0, 3.0, 45.0])
    for text in ("", "1 nan", "1 inf", "1 x"):
        with pytest.raises(InputError):
            number_array(text, "a.xml", "b")
