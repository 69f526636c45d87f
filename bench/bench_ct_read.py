"""How long does reading a CT take, from its DICOM files and from the volume cache, and how much memory at most?

    .venv/bin/python bench/bench_ct_read.py [--scan PATH] [--repeats 5]

Times are the shortest of the repeats. Memory is the peak of a fresh process that reads a drawn 300 x 512 x 512 series,
beside three volumes and 500 MB; the same process without reading shows what the program itself takes.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from imaging import cache
from imaging.dicom import write_slice
from imaging.nifti import write_nifti
from imaging.source import read_path
from imaging.volume import Volume

SLICES, SIDE = 300, 512
LIDC = Path("../shared/data/ct/chest_ge_lidc0001/dicom.tar.xz")
READ = """
import sys
from pathlib import Path
from imaging import cache
from imaging.source import read_path
if sys.argv[1] == "cache":
    volume = cache.read(Path(sys.argv[2]))
elif sys.argv[1] == "read":
    volume, _ = read_path(Path(sys.argv[2]))
status = Path("/proc/self/status").read_text()  # Linux; getrusage would count what the parent held before it
print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""


def draw(folder: Path, *, flipped: bool = False, tilt: float = 0.0) -> Path:
    """Write 300 slices of noise with a padded rim; flipped: prone and feet first; tilt in radians."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    rim = x**2 + y**2 > (SIDE / 2) ** 2
    noise = rng.normal(1000, 300, (SIDE + SLICES, SIDE)).astype(np.int16)
    sign = -1.0 if flipped else 1.0
    for number in range(SLICES):
        stored = noise[number : number + SIDE].copy()
        stored[rim] = -2000
        write_slice(
            folder / f"{number:04d}.dcm",
            {
                "Modality": "CT",
                "SOPInstanceUID": f"2.25.{number + 1}",
                "SeriesInstanceUID": "2.25.9999",
                "PatientID": "DRAWN",
                "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
                "PixelSpacing": [0.7, 0.7],
                "ImageOrientationPatient": [sign, 0, 0, 0, sign * np.cos(tilt), -np.sin(tilt)],
                "ImagePositionPatient": [-180 * sign, -180 * sign, float(number)],
                "RescaleSlope": 1,
                "RescaleIntercept": -1024,
                "PixelPaddingValue": -2000,
            },
            stored,
        )
    return folder


def peak_mb(how: str, path: Path) -> float:
    """Return the largest resident size of a fresh process that reads the path, in MB."""
    run = subprocess.run(
        [sys.executable, "-c", READ, how, str(path)], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip
    return float(run.stdout)


def shortest_ms(repeats: int, run: Callable[[], object]) -> float:
    """Return the shortest time of a call, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append((perf_counter() - start) * 1000)
    return min(times)


def time_table(scan: Path, repeats: int, room: Path) -> None:
    """Print how long each way of reading takes, as a multiple of reading from the cache."""
    folder = scan
    if scan.is_file():
        folder = room / "scan"
        with tarfile.open(scan) as packed:
            packed.extractall(folder, filter="data")
    volume, _ = read_path(folder)
    kept = room / "kept"
    rows = [
        ("DICOM files to the standard volume", shortest_ms(repeats, lambda: read_path(folder))),
        ("standard volume into the cache", shortest_ms(repeats, lambda: cache.write(volume, kept))),
        ("cache to the standard volume", shortest_ms(repeats, lambda: cache.read(kept))),
    ]
    raw = volume.hu.nbytes + (0 if volume.padding is None else volume.padding.nbytes)
    disk = sum(path.stat().st_size for path in kept.iterdir())
    files = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    again = cache.read(kept)
    same = np.array_equal(again.hu, volume.hu) and again.provenance == volume.provenance
    print(f"{volume.hu.shape}, the same volume again: {same}\n")
    print("| step | ms | x reading the cache |\n| --- | ---: | ---: |")
    for name, ms in rows:
        print(f"| {name} | {ms:.0f} | {ms / rows[-1][1]:.2f} |")
    print(f"\ncache {disk / 1e6:.1f} MB: {disk / raw:.2f} of the arrays, {disk / files:.2f} of the DICOM files\n")


def memory_table(room: Path) -> None:
    """Print the peak memory of each way of reading the drawn series."""
    straight = draw(room / "straight")
    volume, _ = read_path(straight)
    packed = room / "straight.tar.gz"
    with tarfile.open(packed, "w:gz", compresslevel=1) as out:
        out.add(straight, "straight")
    write_nifti(volume, room / "v.nii.gz")
    floating(volume, room / "f.nii")
    cache.write(volume, room / "volume")
    size_mb = volume.hu.nbytes / 2**20
    del volume
    rows = [
        ("nothing read", peak_mb("none", room)),
        ("DICOM folder", peak_mb("read", straight)),
        ("DICOM .tar.gz", peak_mb("read", packed)),
        ("DICOM folder, prone and feet first", peak_mb("read", draw(room / "flipped", flipped=True))),
        ("DICOM folder, tilted by 11.5 degrees", peak_mb("read", draw(room / "tilted", tilt=0.2))),
        ("NIfTI .nii.gz, int16", peak_mb("read", room / "v.nii.gz")),
        ("NIfTI .nii, float64", peak_mb("read", room / "f.nii")),
        ("volume cache", peak_mb("cache", room / "volume")),
    ]
    print(f"volume {size_mb:.0f} MB, allowed {3 * size_mb + 500:.0f} MB\n")
    print("| read | peak MB | less the program, x volume |\n| --- | ---: | ---: |")
    for name, mb in rows:
        print(f"| {name} | {mb:.0f} | {(mb - rows[0][1]) / size_mb:.2f} |")


def floating(volume: Volume, path: Path) -> None:
    """Write the volume as float64 NIfTI: the int16 header with another type, and wider voxels."""
    write_nifti(replace(volume, hu=volume.hu[:1], padding=None), path)
    head = bytearray(path.read_bytes()[:352])
    head[46:48] = len(volume.hu).to_bytes(2, "little")
    head[70:72], head[72:74] = (64).to_bytes(2, "little"), (64).to_bytes(2, "little")
    with path.open("wb") as out:
        out.write(head)
        for one in volume.hu:
            out.write(one.astype("<f8").tobytes())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scan", type=Path, default=LIDC)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        time_table(asked.scan, asked.repeats, Path(room))
        memory_table(Path(room))


if __name__ == "__main__":
    main()
