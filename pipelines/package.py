"""package: the champion, by exact version, becomes a folder that DVC tracks and a Bento."""

from pathlib import Path

from pipelines import run, say
from ticket_triage import champion, params
from ticket_triage.files import read_json, write_json
from ticket_triage.serving import package


def main(promotion: str, folder: str, out: str) -> None:
    """Write the champion's folder and the receipt that names its Bento."""
    promoted = read_json(Path(promotion))
    ref = champion.fetch(promoted, Path(folder))
    about = read_json(Path(folder) / "model.json")["info"]
    bento = package.package(
        Path(folder), ref, package.HOME, {"data": about["data"]}, params.load("package").name
    )
    write_json(Path(out), champion.packaged(ref, bento))
    say(f"Bento {bento} serves version {ref.version} of {ref.name}")


if __name__ == "__main__":
    run(main)
