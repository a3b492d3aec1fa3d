"""G(r) as programs of PDFs write it, made from descriptions of their files and not from what reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Rows = Sequence[Sequence[float]]


def lines(rows: Rows, form: str) -> str:
    return "".join(" ".join(form % v for v in row) + "\n" for row in rows)


def pdfgetx3(rows: Rows, mode: str = "xray") -> str:
    """Return what PDFgetX3 and PDFgetN3 write: the configuration, and two columns."""
    head = f"""[DEFAULT]

version = diffpy.pdfgetx-2.2.1

# input and output specifications
dataformat = twotheta
inputfile = a.xy
backgroundfile =
outputtype = gr

# PDF calculation setup
mode = {mode}
wavelength = 0.1867
composition = CdSe
bgscale = 1
rpoly = 0.9
qmaxinst = 30.0
qmin = 0.5
qmax = 24.0
rmin = 0
rmax = 60
rstep = 0.01

# End of config --------------------------------------------------------------

#### start data

#S 1
#L r(Å)  G(Å$^{{-2}}$)
"""
    return head + lines(rows, "%.8g")


def pdfgetx2(rows: Rows) -> str:
    """Return what PDFgetX2 writes: a long head with a row of numbers, and r, G, −4πρ₀r, σ."""
    head = """History written:          Tue Apr 25 22:40:54 2006
Produced by somebody
####### Get_XPDF #######

##### General_Setting
title=X-ray PDF
quiet=0    debug=0    autosave_isa=1
##### Data&Background
det#  used  xcol detcol deterrcol xmin  xmax  add_det  mul_det
  0     1     0      1       -1  0.0  100.0  0.0  1.0
##### Experiment_Setup
temperature=300.000    containermut=0.000500000    filtermut=0.0200000
## X-Ray   radiationtype=3
lambda=0.142500    energy=87.0070    polartype=0    polardegree=1.00000
##### SqGr_Optimization Setup
## S(q)  qmin=0.300000    qmax=14.000000    qgrid=0.000000
## G(r)  rmin=0.010000    rmax=45.000000    rgrid=0.010000
##### start data
#F a.gr
#D Thu May  3 14:43:59 2007
#C
#S 1    G(r)
#D
#L r(A)    G(r)    d_r    d_Gr
"""
    return head + lines(rows, "%16.6e")


def pdfgetn(rows: Rows) -> str:
    """Return what PDFgetN writes: a head with a table of banks, and r, G, dr, σ."""
    head = """History written: Mon Apr 30 17:19:28 2007
produced by somebody
##### Run Information     runCorrection=T
prep=gsas     machine=gppd
run=32423     background=
temp=300     runTitle=Ni in a can

##### Banks=6  deltaQ=0.02  matchRef=0  matchScal=T  matchOffset=T
bank   angle   blendQmin   blendQmax       (0.0 means no info)
  1    145.0        2.59    37.00
  2    125.0        2.42    34.41
  3    107.0        2.24    31.19
  6     30.0        0.95    10.04

##### Program Specific Information
## Ft     calcError=1     (1 for true, 0 for false)
numRpoints=2000     maxR=20.0     numDensity=0.0   intMaxR=1.5
## Damp     Qmin=0.95     Qmax=27.00     startDampQ=27.00    QAveMin=0.6
##### prepgsas     prepOutput=1     numBanksMiss=0       fileExt=gsa
Bank#  mulData  mulBack
   1      1.0230      1.0000
   2      1.0300      1.0000
   6      0.9750      1.0000
##### start data
#O0 rg_int sig_rg_int low_int sig_low_int rmax rhofit
#S 1 - PDF from PDFgetN
#P0    3.63025    7.56024    0.15089    0.23482    1.50  0.0744
#L r G(r) dr dG(r)
"""
    return head + lines(rows, "%.5f")


def gsas_ii(rows: Rows) -> str:
    """Return what GSAS-II saves as G(R)."""
    return "#T G(R) PDF  nickel.xye\n#L R     G(R)\n" + lines(rows, "%15.6g")


def rmcprofile(rows: Rows, title: str = "D(r) of nickel") -> str:
    """Return what RMCProfile and STOG read and write."""
    return f"{len(rows)}\n{title}\n" + lines(rows, "%.6f")


def pdfgui(rows: Iterable[Sequence[float]], stype: str = "X") -> str:
    """Return what PDFgui keeps of a data set."""
    head = f"""History written: Thu Oct 25 21:16:04 2007
produced by somebody
##### PDFgui
stype={stype}  {"x-ray" if stype == "X" else "neutron"} scattering
qmax=24.00
qdamp=0.045
qbroad=0.01
spdiameter=0
dscale=1
# metadata
temperature=300.0
##### start data
#L r(A) G(r) d_r d_Gr
"""
    return head + lines(list(rows), "%.8g")
