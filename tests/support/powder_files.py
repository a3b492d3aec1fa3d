"""Powder patterns as instruments and programs write them, from the published descriptions of their formats.

Nothing here is shared with the readers. LAUR 86-748 for GSAS; the manuals DIFFRAC-AT and DIFFRACplus XCH, as xylib
quotes them, for .raw and .uxd; what measured files show for .ras, .rasx and .brml.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

Numbers = Sequence[float]

LINES = (1.5406, 1.54439, 0.5)
"""Kα1, Kα2 (Å) and their ratio"""

# ---- GSAS -----------------------------------------------------------------------------------------


def bank(kind: str, binning: str, rows: Sequence[Numbers], number: int = 1, pad: bool = True) -> str:
    """Return one bank; rows: the fields of each point; kind: its type, "" for STD without a word."""
    fields = {
        "": (("{:2.0f}", "{:6.0f}"), 10),
        "STD": (("{:2.0f}", "{:6.0f}"), 10),
        "ESD": (("{:8.1f}", "{:8.1f}"), 5),
        "ALT": (("{:8.0f}", "{:7.4f}", "{:5.3f}"), 4),
    }
    if kind not in fields:
        body = ["  ".join(f"{v:.6f}" for v in row) for row in rows]
    else:
        formats, per_line = fields[kind]
        records = ["".join(f.format(v) for f, v in zip(formats, row, strict=True)) for row in rows]
        body = ["".join(records[i : i + per_line]) for i in range(0, len(records), per_line)]
    head = f"BANK {number} {len(rows)} {len(body)} {binning} {kind}".rstrip()
    return "".join(f"{line:80s}\n" if pad else f"{line}\n" for line in (head, *body))


# ---- Rigaku ---------------------------------------------------------------------------------------

RAS_KEYS = {
    "FILE_SAMPLE": "zincite",
    "HW_XG_TARGET_NAME": "Cu",
    "HW_XG_WAVE_LENGTH_ALPHA1": "1.540593",
    "HW_XG_WAVE_LENGTH_ALPHA2": "1.544414",
    "HW_XG_WAVE_LENGTH_BETA": "1.392246",
    "MEAS_COND_XG_WAVE_TYPE": "Ka",
    "MEAS_SCAN_AXIS_X": "2-Theta/Theta",
    "MEAS_SCAN_AXIS_X_INTERNAL": "TwoThetaTheta",
    "MEAS_SCAN_MODE": "CONTINUOUS",
    "MEAS_SCAN_SPEED": "6.0000",
    "MEAS_SCAN_SPEED_UNIT": "deg/min",
    "MEAS_SCAN_STEP": "0.2000",
    "MEAS_SCAN_UNIT_X": "deg",
    "MEAS_SCAN_UNIT_Y": "counts",
}


def ras(*scans: tuple[Mapping[str, str], Sequence[Numbers]]) -> bytes:
    """Return a .ras file; scans: what differs from `RAS_KEYS`, and rows of angle, intensity and attenuation."""
    lines = ["*RAS_DATA_START"]
    for keys, rows in scans:
        lines.append("*RAS_HEADER_START")
        lines += [f'*{k} "{v}"' for k, v in {**RAS_KEYS, **keys}.items()]
        lines += ["*RAS_HEADER_END", "*RAS_INT_START"]
        lines += [" ".join(f"{v:.4f}" for v in row) for row in rows]
        lines.append("*RAS_INT_END")
    return "\r\n".join([*lines, "*RAS_DATA_END", ""]).encode("latin-1")


def rasx(*scans: tuple[Mapping[str, str], Sequence[Numbers]]) -> bytes:
    """Return a .rasx file of the same."""
    members = {}
    for i, (keys, rows) in enumerate(scans):
        said = {**RAS_KEYS, **keys}
        scan = {
            "AxisName": said["MEAS_SCAN_AXIS_X_INTERNAL"],
            "Step": said["MEAS_SCAN_STEP"],
            "Speed": said["MEAS_SCAN_SPEED"],
            "SpeedUnit": said["MEAS_SCAN_SPEED_UNIT"],
            "IntensityUnit": said["MEAS_SCAN_UNIT_Y"],
        }
        tube = {
            "TargetName": said["HW_XG_TARGET_NAME"],
            "WaveType": said["MEAS_COND_XG_WAVE_TYPE"],
            "WavelengthKbeta": said["HW_XG_WAVE_LENGTH_BETA"],
            "WavelengthKalpha1": said["HW_XG_WAVE_LENGTH_ALPHA1"],
            "WavelengthKalpha2": said["HW_XG_WAVE_LENGTH_ALPHA2"],
        }
        text = "\ufeff" + "\r\n".join("\t".join(f"{v:.4f}" for v in row) for row in rows) + "\r\n"
        members[f"Data{i}/Profile{i}.txt"] = text
        members[f"Data{i}/MesurementConditions{i}.xml"] = (
            '\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<MeasurementConditions><GeneralInformation><SampleName>'
            f"{said['FILE_SAMPLE']}</SampleName></GeneralInformation><HWConfigurations><XrayGenerator>{_xml(tube)}"
            f"</XrayGenerator></HWConfigurations><ScanInformation>{_xml(scan)}</ScanInformation></MeasurementConditions>"
        )
    members["root.xml"] = '<?xml version="1.0" encoding="utf-8"?><Root Version="1.1.0.0" />'
    return zipped(members)


def _xml(pairs: Mapping[str, str]) -> str:
    return "".join(f"<{k}>{v}</{k}>" for k, v in pairs.items())


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive, always the same for the same members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return stream.getvalue()


# ---- Bruker ---------------------------------------------------------------------------------------


def brml(*scans: str) -> bytes:
    """Return a .brml file of routes, as `brml_route` makes them."""
    members: dict[str, str | bytes] = {
        "Experiment0/DataContainer.xml": '<?xml version="1.0"?><DataContainer><MeasurementInfo SampleName="zincite" />'
        "</DataContainer>"
    }
    tube = "".join(
        f'<WaveLength{k} Unit="Å" Value="{v}" />' for k, v in zip(("Alpha1", "Alpha2", "Ratio"), LINES, strict=True)
    )
    for i, scan in enumerate(scans):
        members[f"Experiment0/RawData{i}.xml"] = (
            '<?xml version="1.0"?>\n<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><DataRoutes>'
            f"{scan}</DataRoutes><FixedInformation><Tube>{tube}<TubeMaterial>Cu</TubeMaterial></Tube></FixedInformation>"
            "</RawData>"
        )
    return zipped(members)


def brml_route(rows: Sequence[Numbers], axes: Sequence[str] = ("TwoTheta", "Theta"), channels: int = 1) -> str:
    """Return one route; rows: time, absorption, the axes, a place in reciprocal space, counts."""
    n = 2 + len(axes)
    infos = "".join(f'<ScanAxisInfo AxisId="{a}" AxisName="{a}"><Start>1</Start></ScanAxisInfo>' for a in axes)
    columns = "".join(f'<FieldDefinitions FieldName="{a}" AxisId="{a}" />' for a in axes)
    data = "".join(f"<Datum>{','.join(f'{v:.8g}' for v in row)}</Datum>" for row in rows)
    return (
        '<DataRoute RouteFlag="Measured"><ScanInformation ScanName="LockedCoupledScan"><MeasurementPoints>'
        f"{len(rows)}</MeasurementPoints><ScanAxes>{infos}</ScanAxes></ScanInformation>{data}<DataViews>"
        '<RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime" Unit="s" />'
        '<RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" LogicName="AbsorptionFactor" Unit="" />'
        f'<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="{len(axes)}"><Varying>{columns}</Varying>'
        f'</RawDataView><RawDataView xsi:type="VaryingRawDataView" Start="{n}" Length="1"><Varying>'
        '<FieldDefinitions FieldName="RecSpX" AxisId="RecSpX" /></Varying></RawDataView>'
        f'<RawDataView xsi:type="RecordedRawDataView" Start="{n + 1}" Length="{channels}"><Recording LogicName='
        '"ScanCounter1"><Unit Prefix="None" Base="Counts" /></Recording></RawDataView></DataViews></DataRoute>'
    )


def raw_1(*ranges: tuple[float, float, float, Numbers], repeated: bool = True) -> bytes:
    """Return version 1; ranges: first 2θ, step, time and counts; repeated: "RAW " before each range."""
    content = b""
    for i, (start, step, time, counts) in enumerate(ranges):
        head = bytearray(156)
        struct.pack_into("<4sIff", head, 0, b"RAW ", len(counts), time, step)
        struct.pack_into("<ffff", head, 24, start, start / 2.0, -1e6, -1e6)
        struct.pack_into("<32sff", head, 40, b"zincite", LINES[0], LINES[1])
        struct.pack_into("<I", head, 152, len(ranges) - 1 - i)
        content += bytes(head if repeated or i == 0 else head[4:]) + _floats(counts)
    return content


def raw_2(*ranges: tuple[float, float, float, Numbers]) -> bytes:
    """Return version 2 of the same ranges."""
    head = bytearray(256)
    struct.pack_into("<4sH", head, 0, b"RAW2", len(ranges))
    struct.pack_into("<20s2s3f", head, 168, b"19-12-1997 21:57", b"CU", *LINES)
    content = bytes(head)
    for start, step, time, counts in ranges:
        own = bytearray(60)
        struct.pack_into("<HHIfff", own, 0, len(own), len(counts), 0, time, step, start)
        struct.pack_into("<H", own, 46, 65535)
        content += bytes(own) + _floats(counts)
    return content


def raw_3(*ranges: tuple[float, float, float, Numbers], more: bytes = b"", kind: int = 0, varying: int = 0) -> bytes:
    """Return version 3; more: a supplementary header; kind: of the scan, 0 coupled; varying: axes of each point."""
    head = bytearray(712)
    struct.pack_into("<8sII10s10s", head, 0, b"RAW1.01", 1, len(ranges), b"03/04/10", b"20:59:14")
    struct.pack_into("<60s", head, 326, b"zincite")
    struct.pack_into("<4s4xddddd", head, 608, b"Cu", 1.54184, LINES[0], LINES[1], 1.39222, LINES[2])
    content = bytes(head)
    for start, step, time, counts in ranges:
        own = bytearray(304)
        struct.pack_into("<IIdd", own, 0, len(own), len(counts), start / 2.0, start)
        struct.pack_into("<d8xfI", own, 176, step, time, kind)
        struct.pack_into("<dIII", own, 240, LINES[0], varying, 4, len(more))
        content += bytes(own) + more + _floats(counts)
    return content


def raw_4(*ranges: tuple[float, float, float, Numbers], scan: bytes = b"Locked Coupled", width: int = 4) -> bytes:
    """Return version 4; scan: its type; width: bytes of each point, of which the first four are its counts."""
    content = bytearray(61)
    struct.pack_into("<7s5x12s10s", content, 0, b"RAW4.00", b"08/30/2021", b"20:35:58")
    content += struct.pack("<II4x24s8s", 10, 44, b"SAMPLEID", b"zincite")
    tube = bytearray(136)
    struct.pack_into("<II", tube, 0, 30, len(tube))
    struct.pack_into("<ddddd4x4s", tube, 72, 1.5418, LINES[0], LINES[1], 1.39222, LINES[2], b"Cu")
    content += tube
    for start, step, time, counts in ranges:
        drives = b"".join(_drive(name, at) for name, at in ((b"2Theta", start), (b"Theta", start / 2.0)))
        head = bytearray(160)
        struct.pack_into("<24s", head, 32, scan)
        struct.pack_into("<ddIf", head, 72, start, step, len(counts), time)
        struct.pack_into("<d", head, 112, LINES[0])
        struct.pack_into("<II", head, 136, width, len(drives))
        points = b"".join(struct.pack("<f", c) + b"\1" * (width - 4) for c in counts)
        content += bytes(head) + drives + points
    return bytes(content)


def _drive(name: bytes, at: float) -> bytes:
    segment = bytearray(92)
    struct.pack_into("<III24s", segment, 0, 50, len(segment), 2, name)
    struct.pack_into("<d", segment, 56, at)
    return bytes(segment)


def _floats(values: Numbers) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def uxd(*ranges: tuple[Mapping[str, object], str, Sequence[Numbers]]) -> bytes:
    """Return a .uxd file; ranges: keys, the word that begins the data, and its rows."""
    lines = ["; measured for a test", "_FILEVERSION=2", "_SAMPLE='zincite'", "_WL_UNIT='A'"]
    lines += [f"_WL{i + 1}={v:.6f}" for i, v in enumerate(LINES[:2])]
    lines += [f"_WLRATIO={LINES[2]:.6f}", "_ANODE='CU'"]
    for i, (keys, word, rows) in enumerate(ranges):
        lines += [f"; (Data for Range number {i + 1})", "_DRIVE='COUPLED'"]
        lines += [f"_{k}={v}" for k, v in keys.items()]
        lines.append(word)
        for row in rows:
            angle = [f"{row[0]:.3f}"] if len(row) > 1 else []
            lines.append("\t".join([*angle, *(f"{v:g}" for v in row[len(angle) :])]))
    return "\r\n".join([*lines, ""]).encode("latin-1")
