"""canSAS files in XML and HDF5, written from the definitions and not from what reads them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

import numpy as np

Columns = Mapping[str, tuple[Sequence[float], str]]
"""name such as Q -> numbers, unit"""


@dataclass(frozen=True)
class Entry:
    """One SASentry; data: of each SASdata, in its order."""

    data: Sequence[Columns]
    name: str = ""
    title: str = "made for a test"
    run: str = "1"
    data_names: Sequence[str] = ()
    radiation: str = "x-ray"
    wavelength: tuple[float, str] | None = None
    resolutions: Sequence[str] = field(default_factory=tuple)


def cansas_xml(*entries: Entry, version: str = "1.1", head: str = "") -> str:
    """Return a canSAS 1D file."""
    space = {"1.1": "urn:cansas1d:1.1", "1.0": "cansas1d/1.0"}[version]
    parts = ['<?xml version="1.0"?>', head, f'<SASroot version="{version}" xmlns="{space}">']
    for entry in entries:
        parts.append(f"<SASentry name={quoteattr(entry.name)}>" if entry.name else "<SASentry>")
        parts += [f"<Title>{escape(entry.title)}</Title>", f"<Run>{escape(entry.run)}</Run>"]
        for i, columns in enumerate(entry.data):
            name = entry.data_names[i] if i < len(entry.data_names) else ""
            parts.append(f"<SASdata name={quoteattr(name)}>" if name else "<SASdata>")
            for row in zip(*[[(k, v, unit) for v in values] for k, (values, unit) in columns.items()], strict=True):
                cells = "".join(
                    f"<{k} unit={quoteattr(unit)}>{v!r}</{k}>" if unit else f"<{k}>{v!r}</{k}>" for k, v, unit in row
                )
                parts.append(f"<Idata>{cells}</Idata>")
            parts.append("</SASdata>")
        parts.append("<SAStransmission_spectrum><Tdata><Lambda>2</Lambda><T>0.5</T></Tdata></SAStransmission_spectrum>")
        source = f"<radiation>{entry.radiation}</radiation>"
        if entry.wavelength:
            source += f'<wavelength unit="{entry.wavelength[1]}">{entry.wavelength[0]}</wavelength>'
        parts.append(f"<SASinstrument><SASsource>{source}</SASsource></SASinstrument></SASentry>")
    return "\n".join([*parts, "</SASroot>"]) + "\n"


def nxcansas(*entries: Entry) -> bytes:
    """Return a file of the definition NXcanSAS 1.0."""
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as root:
        for i, entry in enumerate(entries, 1):
            group = root.create_group(entry.name or f"sasentry{i:02d}")
            group.attrs.update({"NX_class": "NXentry", "canSAS_class": "SASentry", "version": "1.0"})
            group["definition"], group["title"], group["run"] = "NXcanSAS", entry.title, entry.run
            for k, columns in enumerate(entry.data):
                data = group.create_group(entry.data_names[k] if k < len(entry.data_names) else f"sasdata{k + 1:02d}")
                data.attrs.update({"NX_class": "NXdata", "canSAS_class": "SASdata", "signal": "I", "I_axes": "Q"})
                for name, (values, unit) in columns.items():
                    data[name] = np.asarray(values)
                    if unit:
                        data[name].attrs["units"] = unit
                if "Idev" in columns:
                    data["I"].attrs["uncertainties"] = "Idev"
                if entry.resolutions:
                    data["Q"].attrs["resolutions"] = list(entry.resolutions)
            source = group.create_group("sasinstrument").create_group("sassource")
            source["probe"] = entry.radiation
            if entry.wavelength:
                source["incident_wavelength"] = entry.wavelength[0]
                source["incident_wavelength"].attrs["units"] = entry.wavelength[1]
            spectrum = group.create_group("sastransmission_spectrum")
            spectrum.attrs["canSAS_class"] = "SAStransmission_spectrum"
            spectrum["T"] = np.array([0.5, 0.6])
    return stream.getvalue()
