"""Whoever comes the wrong way is refused, and the worker's log says why, not again and again."""

import os
import subprocess

import pytest
from kit.waiting import wait_for


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ca")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", "/CN=somebody else's CA", "-keyout", folder / "ca.key", "-out", folder / "ca.pem"],
        check=True, capture_output=True)
    return str(folder / "ca.pem")


def causes(worker):
    return [line["text"] for line in worker.logged("kafka client") if line["facility"] != "ERROR"]


def expect_cause(worker, *words):
    found = wait_for(lambda: causes(worker), "a cause in the worker's log")
    assert all(word in found[0] for word in words), found
    return found


def at_localhost(stack):
    """Where the broker's listener is reached, under a name that its certificate does not have."""
    return stack.env["SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS"].replace("127.0.0.1", "localhost")


def test_kafka_with_somebody_elses_ca(start_worker, other_ca):
    worker = start_worker(hopeless=True, SLOTKEEPER_KAFKA_SSL_CA_LOCATION=other_ca)
    expect_cause(worker, "is not trusted", "unable to get local issuer certificate")


def test_kafka_under_another_name(start_worker, stack):
    worker = start_worker(hopeless=True, SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS=at_localhost(stack))
    expect_cause(worker, "the broker at localhost:", "is not trusted", "hostname mismatch")


def test_the_name_is_all_that_is_wrong_with_it(stack):
    """Without the check of the name the same connection is made: it is the certificate that refuses."""
    stack.slotkeeper("client", "send", "--tombstone", "--topic", "scheduling.slot-commands",
                     SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS=at_localhost(stack),
                     SLOTKEEPER_KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM="none")


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_kafka_in_plain_text(start_worker, protocol):
    worker = start_worker(hopeless=True, SLOTKEEPER_KAFKA_SECURITY_PROTOCOL=protocol)
    expect_cause(worker, "Disconnected", "does kafka.security.protocol fit this listener?")


def test_kafka_without_a_password(start_worker):
    worker = start_worker(hopeless=True, SLOTKEEPER_KAFKA_SECURITY_PROTOCOL="SSL")
    expect_cause(worker, "Disconnected", "does kafka.security.protocol fit this listener?")


@pytest.mark.parametrize("setting", ["SLOTKEEPER_KAFKA_SASL_PASSWORD", "SLOTKEEPER_KAFKA_SASL_USERNAME"])
def test_kafka_with_a_wrong_password_or_user(start_worker, setting):
    worker = start_worker(hopeless=True, **{setting: "nonsense-canary"})
    expect_cause(worker, "SASL authentication error", "Authentication failed")
    if setting.endswith("PASSWORD"):
        assert "nonsense-canary" not in worker.log_tail()


def test_a_session_that_ends_names_the_cause_and_attempts_are_not_counted_out(start_worker, stack):
    """Some thirty attempts in 15 s, each of which librdkafka reports in turns of two sentences: one line."""
    worker = start_worker(hopeless=True, SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS=at_localhost(stack))
    ended = worker.wait_for_log("a session ended")
    assert "transactional id slotkeeper." in ended["detail"]
    assert "hostname mismatch" in ended["detail"]
    assert len(causes(worker)) == 1


def database(stack, was, then):
    url = stack.env["SLOTKEEPER_DATABASE_URL"]
    assert was in url
    return url.replace(was, then)


def expect_detail(worker, *words):
    detail = worker.wait_for_log("a session ended")["detail"]
    assert all(word in detail for word in words), detail


def test_postgres_with_somebody_elses_ca(start_worker, stack, other_ca):
    url = database(stack, f"sslrootcert={stack.folder}/tls/ca.pem", f"sslrootcert={other_ca}")
    expect_detail(start_worker(SLOTKEEPER_DATABASE_URL=url), "certificate verify failed")


def test_postgres_under_another_name(start_worker, stack):
    url = database(stack, "@127.0.0.1:", "@localhost:")
    expect_detail(start_worker(SLOTKEEPER_DATABASE_URL=url), "does not match host name", "localhost")


def test_postgres_in_plain_text(start_worker, stack):
    url = database(stack, "sslmode=verify-full", "sslmode=disable")
    expect_detail(start_worker(SLOTKEEPER_DATABASE_URL=url), "no pg_hba.conf entry", "no encryption")


def test_postgres_with_a_wrong_password(start_worker, stack):
    password = stack.env["SLOTKEEPER_DATABASE_URL"].split(":")[2].split("@")[0]
    url = database(stack, password, "nonsense-canary")
    worker = start_worker(SLOTKEEPER_DATABASE_URL=url)
    expect_detail(worker, "password authentication failed")
    assert "nonsense-canary" not in worker.log_tail()


def test_secrets_are_their_owners(stack):
    """And the CA's key, with which anybody could pose as the broker, is nowhere."""
    users = (stack.folder / "kafka/users").read_text().split()[1::2]
    keys = [path for path in (stack.folder / "tls").iterdir() if "PRIVATE KEY" in path.read_text()]
    secret = [stack.folder / name for name in ("env", "client.env", "auditor.env", "admin.env", "kafka/users")]
    secret += [stack.folder / "kafka/server.properties", stack.folder / "postgres", *keys]
    assert [path.name for path in keys] == ["broker.pem"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in secret), secret
    assert len(set(users)) == 4
    readable = [path for path in stack.folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o004]
    for path in readable:
        content = path.read_bytes()
        assert not any(password.encode() in content for password in users), path
    pid = (stack.folder / "kafka/pid").read_text().strip()
    with open(f"/proc/{pid}/cmdline", "rb") as line:
        command = line.read()
    assert os.fsencode(stack.folder) in command
    assert not any(password.encode() in command for password in users)
