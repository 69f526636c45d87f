"""What this instance is told from outside: where its data lie, what it may accept, whom it may write to."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables, all prefixed `TWIN_` but `DATABASE_URL`. Secrets come from nowhere else."""

    model_config = SettingsConfigDict(env_prefix="TWIN_", extra="ignore")

    database_url: Annotated[str | None, Field(validation_alias="DATABASE_URL")] = None
    """A PostgreSQL 15 or later; without it the embedded server keeps its data under `home`."""
    home: Path = Path("~/.local/share/patient-twin")
    public_url: str = "http://127.0.0.1:8000"
    """The address people reach this instance at; stands in reminders."""
    language: Literal["en", "zh_CN"] = "en"
    """The site's language: reminders, and pages before sign-in."""
    time_zone: str = "UTC"
    """The site's IANA time zone: its midnight turns "due" into "overdue"."""

    recall_level: float = Field(default=0.20, gt=0, lt=1)
    """A recall opens when P(crossing within the horizon) reaches this."""
    recall_horizon_months: int = Field(default=12, ge=1, le=36)
    enabled_rules: Annotated[tuple[str, ...], NoDecode] = ()
    """Rule ids that are unverified and that a clinician has switched on, separated by commas."""

    site_north: bool | None = None
    """China-PAR: is the site north of the Yangtze? Without an answer China-PAR gives no value."""
    site_urban: bool | None = None
    """China-PAR: do its patients live in town?"""
    site_north_america: bool = False
    """KFRE is calibrated apart for North America."""
    site_bmi_bands: Literal["china", "who"] = "china"
    """Bands of body mass index: obese from 28 kg/m2 (China, WS/T 428) or from 30 (WHO)."""
    site_score2_region: Literal["low", "moderate", "high", "very_high"] | None = None
    """SCORE2: the ESC's risk region of the country. Without an answer SCORE2 and SCORE2-OP give no value."""

    site_aaa_svs: bool = False
    """Abdominal aorta: follow SVS 2018 instead of ESC 2024; never both."""
    site_lung_screening: bool = False
    """Chest CT here is lung cancer screening: the rows for incidental nodules (Fleischner) are off."""
    polygenic: dict[str, dict[str, float | str]] = {}
    """Mean and SD of polygenic scores in the patients' ancestry group, as JSON by score id:
    `{"PGS000018": {"mean": 0.0, "sd": 1.0, "ancestry": "...", "source": "..."}}`. Without it no risk changes by one.
    An effect is known of PGS000018 for `European` and `Chinese`, with more said in brackets if need be."""

    max_body_mb: int = Field(default=64, ge=1)
    """Largest body of a FHIR request, in MB."""
    max_upload_mb: int = Field(default=900, ge=1)
    """Largest uploaded file (a CT archive), in MB."""

    import_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts (`files.example.org`, `localhost:8080`), separated by commas, from which `$import` may fetch files."""

    idle_minutes: int = Field(default=30, ge=1)
    session_hours: int = Field(default=12, ge=1)
    login_attempts: int = Field(default=5, ge=1)
    """Failed sign-ins of one account before it is locked for `lockout_minutes`."""
    lockout_minutes: int = Field(default=15, ge=1)
    secure_cookies: bool | None = None
    """None: on where `public_url` is https."""

    dynamics: Path | None = None
    """A file of `twin cohort dynamics`: how signals move at this site; house values for what it does not name."""

    smtp_host: str | None = None
    """Without it reminders go to the inbox only."""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str = "patient-twin@localhost"

    mllp_port: int | None = Field(default=None, ge=0, le=65_535)
    """Port on which `twin work` takes HL7 v2 messages over MLLP; without it nobody listens."""
    mllp_host: str = "127.0.0.1"
    """Address the MLLP listener is bound to; 0.0.0.0 for every one."""
    mllp_source: str = "mllp"
    """The sending system that messages over MLLP are taken to come from."""
    mllp_certificate: Path | None = None
    """PEM file of the MLLP listener's certificate; with it the line is TLS."""
    mllp_key: Path | None = None
    """PEM file of the certificate's key."""
    mllp_client_ca: Path | None = None
    """PEM file of the authority whose client certificates are let in; without it any sender is."""

    dicom_port: int | None = Field(default=None, ge=0, le=65_535)
    """Port on which `twin work` takes images by DICOM C-STORE; without it nobody listens."""
    dicom_host: str = "127.0.0.1"
    """Address the DICOM listener is bound to; 0.0.0.0 for every one."""
    dicom_ae_title: str = Field(default="TWIN", min_length=1, max_length=16)
    """Our application entity title: who calls another one is turned away."""
    dicom_callers: Annotated[tuple[str, ...], NoDecode] = ()
    """Application entity titles, separated by commas, that may send; none: any may."""
    dicom_certificate: Path | None = None
    """PEM file of the DICOM listener's certificate; with it the line is TLS."""
    dicom_key: Path | None = None
    """PEM file of the certificate's key."""
    dicom_client_ca: Path | None = None
    """PEM file of the authority whose client certificates are let in; without it any sender is."""
    dicom_max_mb: int = Field(default=600, ge=1)
    """Largest image taken by C-STORE, in MB (an enhanced CT holds a whole series); a larger one is answered A700."""
    dicom_quiet_seconds: float = Field(default=20.0, ge=0)
    """A series that arrives image by image is screened when nothing more has come for so long."""
    disk_free_gb: float = Field(default=2.0, ge=0)
    """Images are refused (507, DICOM status A700) where less than this would stay free on the disk."""
    volume_cache_gb: float = Field(default=50.0, ge=0)
    """Largest size of the cache of decoded volumes; the least recently used are dropped, originals never."""

    pacs_url: str | None = None
    """DICOMweb address of the PACS that is asked for prior CTs, such as `https://pacs.example.org/dicom-web`."""
    pacs_user: str | None = None
    """Name at the PACS; none: no sign-in, or a token."""
    pacs_password: SecretStr | None = None
    """Password at the PACS."""
    pacs_token: SecretStr | None = None
    """Bearer token for the PACS, instead of a name."""
    pacs_max_gb: float = Field(default=4.0, gt=0)
    """The most that is retrieved of one study."""

    reader_call_score: float = Field(default=0.9, gt=0, le=1)  # the three labelled chest scans' best regions: 0.97 up
    """A CT with a region of this score or more is told to the readers at once; it stands on their list anyhow."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Log lines are JSON on standard error; they hold no patient values at any level."""

    worker_concurrency: int = Field(default=1, ge=1)
    beat_seconds: float = Field(default=10.0, gt=0)
    """How often the clock looks for what is due."""
    rescore_hours: float = Field(default=24.0, gt=0)
    """A twin without new data is judged again after this long: time passing changes a forecast too."""
    refresh_days: float = Field(default=30.0, gt=0, le=90)
    """A twin without new data is computed anew after this long at the latest; until then it is carried forward."""
    delivery_lease_seconds: float = Field(default=300.0, gt=0)
    """How long a worker may hold a message before another takes it: longer than one mail dialogue can take."""
    stalled_seconds: float = Field(default=30.0, gt=0)
    """A worker silent for this long is taken for dead, and its jobs are picked up again."""

    @field_validator("polygenic")
    @classmethod
    def _whole_references(cls, references: dict[str, dict[str, float | str]]) -> dict[str, dict[str, float | str]]:
        for key, row in references.items():
            numbers = [row.get(name) for name in ("mean", "sd")]
            is_whole = set(row) == {"mean", "sd", "ancestry", "source"} and all(isinstance(n, float) for n in numbers)
            if not is_whole or not float(row["sd"]) > 0:
                raise ValueError(f"polygenic: {key} needs mean, sd above 0, ancestry and source")
        return references

    @field_validator("enabled_rules", "import_hosts", "dicom_callers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if (self.mllp_certificate is None) != (self.mllp_key is None):
            raise ValueError("TWIN_MLLP_CERTIFICATE and TWIN_MLLP_KEY go together")
        if self.mllp_client_ca is not None and self.mllp_certificate is None:
            raise ValueError("TWIN_MLLP_CLIENT_CA needs TWIN_MLLP_CERTIFICATE")
        if (self.dicom_certificate is None) != (self.dicom_key is None):
            raise ValueError("TWIN_DICOM_CERTIFICATE and TWIN_DICOM_KEY go together")
        if self.dicom_client_ca is not None and self.dicom_certificate is None:
            raise ValueError("TWIN_DICOM_CLIENT_CA needs TWIN_DICOM_CERTIFICATE")
        return self

    @property
    def cookies_are_secure(self) -> bool:
        """True where session cookies go over https only."""
        return self.public_url.startswith("https://") if self.secure_cookies is None else self.secure_cookies

    @property
    def home_path(self) -> Path:
        """`home` with `~` resolved."""
        return self.home.expanduser().resolve()


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
