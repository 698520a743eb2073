"""The one settings object. It alone reads the environment (``JIEXUN_*``) and ``jiexun.toml``.

Order: what is given in code or on the command line, environment, ``jiexun.toml`` in the home folder, defaults.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ROOT = Path(__file__).resolve().parents[1]
"""Where the packages lie; weights/ and review_ui/ are beside them."""


class Settings(BaseSettings):
    """Everything that can be set. Times in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="JIEXUN_", extra="forbid")

    home: Path = Path("home")
    """Where everything is kept: database, evidence, uploads."""
    database_url: SecretStr | None = None
    """SQLAlchemy address; none: SQLite in the home folder."""
    s3_endpoint: str | None = None
    """Address of an S3-compatible store (http(s)://host:port); none: files in the home folder. See docs/DEPLOY.md."""
    s3_bucket: str = "jiexun"
    s3_region: str = "us-east-1"
    s3_key: SecretStr | None = None
    s3_secret: SecretStr | None = None
    stream_key_file: Path | None = None
    """The key that seals passwords of streams; none: ``stream.key`` in the home folder. All machines need the same."""
    legal_mode: Literal["evidence", "clue"] = "clue"
    """The district's legal basis: 'evidence' only where a regulation such as Pudong's holds (DOMAIN section 3)."""
    quality_file: Path | None = None
    """The bureau's own shares and thresholds of second looks; none: casework/review/quality.toml (docs/REVIEW.md)."""
    backend: str = "auto"
    """What runs the models: a name from detector/backends/table.py; auto: the quickest here, by a self-test."""
    weights_dir: Path = ROOT / "weights"
    page_dir: Path = ROOT / "review_ui" / "dist"
    threads: int = Field(default=2, ge=1, le=64)
    """Cores for looking: lookers of one thread each at live cameras; at a recording one of them decodes."""
    looks_per_second: float = Field(default=2.0, gt=0, le=60)
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=1, le=65535)
    secure_cookies: bool = False
    """Set behind HTTPS: the session cookie is then sent over HTTPS only."""
    metrics_token: SecretStr | None = None
    """Whoever sends it may read /api/metrics; none: nobody may."""
    log_format: Literal["text", "json"] = "text"
    """How ``serve`` and ``work`` tell what they do on standard error: for people, or one JSON object a line."""
    worker: bool = True
    """Whether ``serve`` also works on uploaded footage, in this process."""
    track_wait_s: float = Field(default=600.0, ge=0)
    """How long a vehicle's footage waits for its track."""
    upload_max_bytes: int = Field(default=20 * 2**30, gt=0)
    upload_day_bytes: int = Field(default=300 * 2**30, gt=0)
    """How much one device may send in a day (Asia/Shanghai)."""
    upload_open_most: int = Field(default=64, ge=1)
    """How many uploads of one device may be unfinished at a time."""
    upload_keep_free_bytes: int = Field(default=2**30, ge=0)
    """What uploads leave free on the disk, so that evidence and database go on."""
    upload_kept_days: float = Field(default=7.0, gt=0)
    """How long an unfinished upload is kept after its last bytes."""
    upload_idle_s: float = Field(default=60.0, gt=0)
    """The longest silence within a body."""
    upload_late_days: float = Field(default=3.0, gt=0)
    """Footage that comes longer after its capture is marked as late."""
    upload_key: SecretStr | None = None
    """``jiexun upload``: the device's key (better than on the command line, where others see it)."""
    clip_before_s: float = Field(default=10.0, ge=0)
    clip_after_s: float = Field(default=10.0, ge=0)
    clip_least_looks: int = Field(default=8, ge=1)
    """A clip of a time-lapse is lengthened until it holds about this many looks."""
    sample_one_in: int = Field(default=2000, ge=0)
    """About one look in so many that raised nothing is kept for people to label (misses); 0: none."""

    class_free: bool = True
    """Whether fixed cameras also look for what stands there though no class names it, where the rules ask for it."""
    looks_keep_days: int = Field(default=30, ge=1)
    """How long detections are stored, so that a change of the rules can be tried on them."""

    executor: Literal["local", "ray"] = "local"
    """What works: this process, or actors on a Ray cluster (the extra ``cluster``)."""
    live: bool = True
    """Whether workers also look at live cameras."""
    live_in_hand: int = Field(default=96, ge=1, le=4096)
    """How many due looks a worker holds at most, from the lease until they are written down."""
    live_batch: int = Field(default=1, ge=1, le=64)
    """Pictures in one run of the network: on a processor more gain nothing (docs/ENGINE.md), on a card they do."""
    live_grabs: int = Field(default=48, ge=1, le=512)
    """How many pictures a worker fetches at a time."""
    live_grab_s: float = Field(default=10.0, gt=0, le=60)
    """How long one picture is waited for."""
    live_keep_open_s: float = Field(default=30.0, ge=0)
    """Cameras looked at at least this often stay connected between looks."""
    spool_days: float = Field(default=2.0, gt=0)
    """How long pictures of live cameras lie ready that may become evidence."""
    spool_max_bytes: int = Field(default=64 * 2**30, gt=0)
    ray_address: str | None = None
    """Of the cluster's head (host:port); none: the one that ``RAY_ADDRESS`` or this machine has."""
    ray_workers: int = Field(default=1, ge=1, le=1000)
    """How many workers share the cameras on the cluster, each with its own part of them."""
    ray_worker_cpus: float = Field(default=1.0, gt=0, le=256)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        home = init_settings().get("home") or env_settings().get("home") or "home"
        toml = TomlConfigSettingsSource(settings_cls, Path(home) / "jiexun.toml")
        return init_settings, env_settings, toml

    @property
    def threads_at_recordings(self) -> int:
        """Of a detector that looks at recordings: a core decodes meanwhile, and both on one core hinder each other."""
        return max(1, self.threads - 1)

    @property
    def url(self) -> str:
        """The database's address."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.home / 'jiexun.db').resolve()}"

    @property
    def stream_key(self) -> Path:
        """The key file for passwords of streams; made when first needed."""
        return self.stream_key_file or self.home / "stream.key"

    @property
    def evidence_dir(self) -> Path:
        """Where sealed files lie."""
        return self.home / "evidence"

    @property
    def algorithms_dir(self) -> Path:
        """The warehouse's own copies of models."""
        return self.home / "algorithms"

    @property
    def looks_dir(self) -> Path:
        """Where stored detections lie until their retention is over."""
        return self.home / "looks"

    @property
    def views_dir(self) -> Path:
        """Clips with faces and plates covered; can be deleted at any time, they are made again."""
        return self.home / "views"

    @property
    def spool_dir(self) -> Path:
        """Pictures of live cameras that may become evidence."""
        return self.home / "spool"

    @property
    def uploads_dir(self) -> Path:
        """Where uploads grow."""
        return self.home / "uploads"

    @property
    def backend_memory(self) -> Path:
        """What the self-test of the back ends found on this machine."""
        return self.home / "backends.json"

    @property
    def footage_dir(self) -> Path:
        """Where uploaded footage lies until its retention is over."""
        return self.home / "footage"


def load(home: Path | None = None, **given: Any) -> Settings:
    """Settings for a home folder. Raises pydantic.ValidationError with every fault named."""
    if home is not None:
        given["home"] = home
    return Settings(**given)
