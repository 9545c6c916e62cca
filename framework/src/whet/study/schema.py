"""The study file's keys. Each has a docstring, from which the reference page is generated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from whet.contracts.device import checked_device
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.minimization import Minimization
from whet.contracts.options import Options
from whet.contracts.resources import Resources
from whet.running.attempts import Retries
from whet.study.strategy import Strategy

Given = str | dict[str, Any]
"""A component: `NAME`, `NAME:MODEL`, or a mapping with `use:`, its options, and `environment:`."""


def _free_name(name: str) -> str:
    if name in ("labeler", "foundation", "current", "reference", "rattle", "minimum", "unknown"):
        raise ValueError("this word has a meaning as what drives or samples; choose another name")
    if not name.isprintable() or name != name.strip() or not name:
        raise ValueError("a name is printable text without spaces around it")
    return name


Paths = str | list[str]
"""A file, a folder, or several of them; relative to the study file."""

PotentialName = Annotated[str, AfterValidator(_free_name)]


def _file_or_mapping(given: Any) -> Any:
    return {"file": given} if isinstance(given, str) else given


def _python_or_mapping(given: Any) -> Any:
    return {"python": given} if isinstance(given, str) else given


def _count_or_rounds(given: Any) -> Any:
    return {"rounds": given} if isinstance(given, int | list) else given


def _words(given: Any) -> Any:
    return [str(word) for word in (given if isinstance(given, list) else [given])]


def _names(given: Any) -> Any:
    return dict.fromkeys(given, True) if isinstance(given, list) and all(isinstance(n, str) for n in given) else given


def _on_off(given: Any) -> Any:
    words = {None: True, "on": True, "off": False}
    return words.get(given, given) if given is None or isinstance(given, str) else given


def _probe_or_mapping(given: Any) -> Any:
    return {} if given in (None, True) else given


class LabelKeySettings(Options):
    """Under which names a file keeps its labels, where they are unusual or there are several."""

    energy: str | None = None
    """Total energy, eV."""
    forces: str | None = None
    """Forces, eV/Å."""
    stress: str | None = None
    """Stress, eV/Å³, tension positive."""
    virial: str | None = None
    """Virial, −stress × volume, eV."""


class _FileKeys(Options):
    keys: LabelKeySettings | None = None
    """Names of the labels; found by themselves where they are usual (energy, REF_energy, dft_energy, …)."""
    only: dict[str, Annotated[list[str], BeforeValidator(_words)]] | None = None
    """Only frames that have one of these words under each of these keys of their info, with the wildcards * and ?:
    `{config_type: [rattled, "md-*"]}`."""
    first: int | None = Field(default=None, ge=1)
    """Only so many frames, from the beginning."""
    theory: str | None = None
    """Level of theory of the labels, for the report (`PBE`)."""
    sampled_by: str | None = None
    """Who sampled the frames, which decides how softening is read: `reference` (dynamics of the labels' theory),
    `rattle` (displacements or strains drawn at random), `minimum` (structures that the labels' theory relaxed: there is
    no slope to read, and a potential's forces show displaced minima), or the name of one of the study's potentials,
    untouched. By default what frames say themselves (`sampled_by` in their info), and else unknown."""
    groups: str = ""
    """Which frames belong together, and so are no independent evidence: the key of their info that names the group, or
    `frames` where each stands alone. By default `trajectory`, `group`, `config_type` or `source`, the first that there
    is; where frames have none of them, materials."""


class LabeledFile(_FileKeys):
    """A file of labeled frames (extended XYZ, or what ASE reads)."""

    file: Paths
    """Path, or a list of paths, relative to the study file; `${VAR}` is expanded."""


class Test(_FileKeys):
    """Frames to evaluate on: a file, or frames sampled for it from structures that nothing else uses."""

    file: Paths | None = None
    """Path of labeled frames, or a list of paths, relative to the study file; `${VAR}` is expanded. Leave it out to
    sample."""
    interval: float | None = Field(default=None, gt=0)
    """Time between two frames, fs: each file is then one trajectory, its frames in their order, and it may have frames
    without labels."""
    kind: Literal["independent", "replay"] = "independent"
    """`replay`: frames of the foundation model's training set, which show what was forgotten."""
    sampler: Literal["md", "minimize"] = "md"
    """How frames are sampled: dynamics, or `minimize`: each starting structure is relaxed, its minimum evaluated."""
    driver: str = "labeler"
    """What moves the atoms: `labeler` (reference dynamics), `foundation`, or a potential's name."""
    trajectories: int = Field(default=2, ge=1)
    """How many trajectories are sampled, or structures relaxed; each starts from a structure of its own."""
    minimize: Minimization | None = None
    """With `sampler: minimize`: how; by default as the study's `minimize` says. Only the minimum is evaluated."""

    @model_validator(mode="after")
    def _file_or_sampling(self) -> Test:
        sampling = {"sampler", "driver", "trajectories", "minimize"} & self.model_fields_set
        if self.file is not None and sampling:
            raise ValueError(f"`{min(sampling)}` is for sampled frames; this test has a `file`")
        if self.minimize is not None and self.sampler != "minimize":
            raise ValueError("`minimize` goes with `sampler: minimize`, and only with it")
        if self.minimize is not None and self.minimize.frames > 1:
            raise ValueError("a test evaluates minima alone; `frames` of the way there are for rounds of a strategy")
        if self.interval is not None and self.only:
            raise ValueError("`only` leaves frames out, and `interval` is the time between any two of them")
        known = {"sampled_by", "groups", "only", "interval"} & self.model_fields_set
        if self.file is None and known:
            raise ValueError(f"`{min(known)}` is for a `file`; of what the study samples it is known")
        return self


class PotentialEntry(Options):
    """A potential of the study; the options of the component stand beside these keys."""

    model_config = ConfigDict(extra="allow")

    use: str
    """`NAME` or `NAME:MODEL`."""
    environment: str = ""
    """Name of the environment whose interpreter has the plugin."""
    fine_tune: dict[str, Any] = Field(default={})
    """Settings of fine-tuning that differ from the study's, for this potential; a `preset` here replaces them all."""


class AnalysisEntry(Options):
    """An analysis; its options stand beside these keys."""

    model_config = ConfigDict(extra="allow")

    use: str = ""
    """Name of the analysis, where that is not the key: one analysis may be there twice, with other options."""
    environment: str = ""
    """Name of the environment whose interpreter has the plugin."""


class ProbeEntry(Options):
    """A probe; its options stand beside these keys."""

    model_config = ConfigDict(extra="allow")

    use: str = ""
    """Name of the probe, where that is not the key: one probe may be there twice, with other options."""
    materials: Paths | None = None
    """File or folder of the materials to probe, relative to the study file. By default the study's `materials`."""
    reference: str | None = None
    """What potentials are held against: `labeler`, `none`, or a table, a CSV file with the columns `material`,
    `quantity` and `value`. By default the labeler, where the study has one."""
    of: Literal["last", "all"] = "last"
    """Fine-tuned potentials that are probed, beside the untouched ones: those of the last round, or of all."""


Probes = Annotated[dict[str, Annotated[ProbeEntry, BeforeValidator(_probe_or_mapping)]], BeforeValidator(_names)]

Analyses = Annotated[dict[str, Annotated[bool | AnalysisEntry, BeforeValidator(_on_off)]], BeforeValidator(_names)]


class SelfGenerated(Options):
    """Each potential's own trajectory, on which it and all the others are evaluated."""

    of: Literal["last", "all", "none"] = "last"
    """Fine-tuned potentials that get one: those of the last round, of all rounds, or none."""
    trajectories: int = Field(default=1, ge=1)
    """Trajectories for each potential; all potentials start from the same structures."""


class EnvironmentEntry(Options):
    """Another interpreter, for packages that clash with the ones here."""

    python: str
    """Its path, relative to the study file; Whet and the plugins must be installed there."""


class Running(Retries):
    """Where and how steps run; never part of any result's identity. The executor's options stand beside these keys."""

    model_config = ConfigDict(extra="allow")

    use: str = "local"
    """Executor: where steps run. `local` is this machine."""
    workers: int | None = Field(default=None, ge=1, le=4096)
    """Steps side by side at the most. Default: as many as the executor takes, which is 1 on this machine."""
    threads: int = Field(default=1, ge=1, le=4096)
    """Threads of each worker's numerical libraries, and so the cores of a step for which `resources` says nothing;
    above the free cores potentials get very slow."""
    device: Annotated[str, AfterValidator(checked_device)] = "cpu"
    """Where potentials live: `cpu`, `cuda`, `cuda:1`, `mps`, `xpu`, `xpu:1`."""
    batch: int = Field(default=1, ge=1, le=4096)
    """Frames that a potential is asked for at once when it predicts a test set; on a GPU some tens are faster. Where
    the memory does not suffice, fewer are taken."""
    together: bool | None = None
    """Whether an engine that can run many trajectories as one batch does so; by default on every device but the CPU,
    where workers side by side are faster."""
    resources: dict[str, Resources] = Field(default_factory=dict)
    """What steps need: by kind of task (`fine-tune`, `label`) or by name of a potential, which has the last word."""
    most_steps: int = Field(default=20_000, ge=1)
    """A study that comes to more steps is refused before anything is planned: a number may have a digit too many."""


class StudyFile(Options):
    """A study: what to measure, on what, and how to mend it."""

    name: str = Field(min_length=1)
    """Title of the report."""
    seed: int = Field(default=1, ge=0)
    """Of everything random; strategies add their own `seeds`."""
    store: str = Field(default=".whet", min_length=1)
    """Folder of results and labels, relative to the study file; several studies may share one."""
    structures: Given | None = None
    """Starting structures: `file:`, or a plugin."""
    potentials: dict[PotentialName, Given] = Field(min_length=1)
    """Name of your choice -> potential. Swapping an architecture replaces one word here."""
    labeler: Given | None = None
    """What gives the reference labels."""
    dynamics: Given | None = None
    """MD engine and protocol."""
    minimize: Minimization | None = None
    """Relaxes each starting structure before its dynamics, by what then drives them. Without it dynamics starts from
    the structures as they are."""
    descriptor: Given | None = None
    """Descriptor of the coverage analysis; without one it is left out."""
    fine_tune: FineTuneSettings = Field(default_factory=FineTuneSettings)
    """How to fine-tune; the same words for every potential."""
    strategies: dict[str, Annotated[Strategy, BeforeValidator(_count_or_rounds)]] = Field(default={})
    """Name -> strategy; `naive: 3` is short for `naive: {rounds: 3}`."""
    data: dict[str, Annotated[LabeledFile, BeforeValidator(_file_or_mapping)]] = Field(default={})
    """Labeled frames to fine-tune on (for the preset `subsets`)."""
    tests: dict[str, Annotated[Test, BeforeValidator(_file_or_mapping)]] = Field(default={})
    """Test sets: name -> file, or how to sample it."""
    self_generated: SelfGenerated = Field(default_factory=SelfGenerated)
    """Each potential's own trajectory."""
    analyses: Analyses = Field(default={})
    """Name -> options; `NAME: false` turns off one that every study has, `[NAME, NAME]` adds some as they are."""
    materials: Paths | None = None
    """File or folder of crystals or molecules whose properties `probes` measure, or a list of them, relative to the
    study file. By default the file of starting structures."""
    probes: Probes = Field(default={})
    """Name -> options: properties that every potential is asked for, beside the reference's."""
    acquisition: Literal["own", "shared"] = "own"
    """Whether each potential gathers its own data, or all share what the first one gathers."""
    environments: dict[str, Annotated[EnvironmentEntry, BeforeValidator(_python_or_mapping)]] = Field(default={})
    """Name -> interpreter of plugins whose packages clash with the ones here."""
    running: Running = Field(default_factory=Running)
    """Workers, threads, device."""
