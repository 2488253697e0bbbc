# SPDX-License-Identifier: Apache-2.0
"""The database of a phoss SMP as a source, on a real MariaDB and a real PostgreSQL."""

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from registry.errors import ConfigurationError, TechnicalError
from registry.move_in.model import Kind, SourceRecord, part_of
from registry.move_in.sources.phoss_sql import PhossSql
from registry.move_in.sources.sql import open_database
from tests.simulators import phoss_database as phoss
from tests.simulators.phoss_database import SCHEME, Layout

if TYPE_CHECKING:
    from tests.simulators.mariadb import MariaDb
    from tests.simulators.postgresql import Cluster

VALUE = "9915:one"
KEY = f"{SCHEME}::{VALUE}"


@pytest.fixture(params=["mariadb", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    server: MariaDb | Cluster = request.getfixturevalue("mariadb" if request.param == "mariadb" else "cluster")
    made = server.new_database()
    yield made
    server.drop(made)


@pytest.fixture
def on_mariadb(mariadb: "MariaDb") -> Iterator[str]:
    made = mariadb.new_database()
    yield made
    mariadb.drop(made)


class Old:
    """A phoss SMP's database that a test writes to, as the SMP goes on doing."""

    def __init__(self, url: str, layout: Layout = Layout.INLINE) -> None:
        self.url = url
        with self.writing() as connection:
            phoss.create(connection, layout)
            phoss.put_user(connection, "admin", "admin@example.org")

    def writing(self) -> Any:
        return create_engine(self.url, poolclass=NullPool).begin()

    def source(self) -> PhossSql:
        return PhossSql(open_database(self.url))

    def read(self) -> dict[str, dict[str, Any]]:
        return {record.key: json.loads(record.body) for record in self.records()}

    def records(self) -> list[SourceRecord]:
        source = self.source()
        try:
            source.check()
            return list(source.records(None))
        finally:
            source.close()


def endpoint_of(body: dict[str, Any]) -> dict[str, Any]:
    [service] = body["services"]
    [process] = service["process_metadata"]
    [endpoint] = process["endpoints"]
    found: dict[str, Any] = endpoint
    return found


def test_all_that_a_participant_has_is_in_its_record(url: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        phoss.put_participant(
            connection,
            VALUE,
            extension=phoss.EXTENSION,
            properties=json.dumps(
                [{"type": "pub", "name": "web", "value": "x"}, {"type": "priv", "name": "n", "value": ""}]
            ),
        )
        phoss.put_service(
            connection,
            VALUE,
            metadata=phoss.EXTENSION,
            process=phoss.EXTENSION,
            extension=phoss.EXTENSION,
            serviceActivationDate="2026-01-02 03:04:05",
            technicalInformationUrl="https://info.example",
            minimumAuthenticationLevel="1",
            requireBusinessLevelSignature=True,
        )
        phoss.put_redirect(connection, VALUE, phoss.CREDIT_NOTE)
        phoss.put_card(connection, VALUE, names=json.dumps([{"name": "ACME & Söhne", "language": "de"}]), name=None)
    body = old.read()[KEY]
    content = '<a:hint xmlns:a="urn:example"> Grüße &amp; more </a:hint>'
    assert base64.b64decode(body["extensions"][0]["content"]).decode() == content
    assert body["owner"] == "admin@example.org"
    properties = {(each["type"], each["name"], each.get("value", "")) for each in body["properties"]}
    assert properties == {("public", "web", "x"), ("private", "n", "")}
    assert '<Name language="de">ACME &amp; Söhne</Name>' in body["business_card"]
    redirect, service = sorted(body["services"], key=lambda item: "redirect" not in item["process_metadata"][0])
    assert redirect["process_metadata"] == [
        {"redirect": {"href": "https://other-smp.example/x", "certificate_uid": "CN=other"}}
    ]
    endpoint = endpoint_of({"services": [service]})
    assert endpoint["address"] == "https://ap.example/as4"
    assert endpoint["activation"] == "2026-01-02T03:04:05Z"
    assert endpoint["certificates"] == [{"der": phoss.certificate("ap.example")}]
    assert endpoint["require_business_level_signature"] is True
    carried = (service, service["process_metadata"][0]["processes"][0], endpoint)
    assert all(base64.b64decode(part["extensions"][0]["content"]).decode() == content for part in carried)
    assert "refused" not in body


@pytest.mark.parametrize("layout", [Layout.ACCESS_POINTS, Layout.EITHER], ids=["only", "either"])
def test_endpoints_may_refer_to_access_points(url: str, layout: Layout) -> None:
    old = Old(url, layout)
    with old.writing() as connection:
        phoss.put(
            connection,
            "smp_access_point",
            id="a",
            endpointReference="https://shared.example",
            certificate=phoss.certificate("shared"),
        )
        phoss.put_participant(connection, VALUE)
        phoss.put_service(connection, VALUE, accessPointID="a")
    endpoint = endpoint_of(old.read()[KEY])
    assert endpoint["address"] == "https://shared.example"
    assert endpoint["certificates"] == [{"der": phoss.certificate("shared")}]


def test_children_spelled_otherwise_than_their_parents_belong_to_them(on_mariadb: str) -> None:
    old = Old(on_mariadb)
    with old.writing() as connection:
        phoss.put_participant(connection, "9915:Mixed ")
        phoss.put_service(connection, "9915:Mixed ", child_value="9915:MIXED")
        phoss.put_card(connection, "9915:mixed")
    [body] = [body for key, body in old.read().items() if key == f"{SCHEME}::9915:Mixed "]
    assert body["participant"]["value"] == "9915:Mixed"
    assert endpoint_of(body)["address"] == "https://ap.example/as4"
    assert "ACME" in body["business_card"]


def test_a_participant_may_have_1900_endpoints(url: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        phoss.put_participant(connection, VALUE)
        phoss.put_service(connection, VALUE)
        columns = (
            "businessIdentifierScheme, businessIdentifier, documentIdentifierScheme, documentIdentifier, "
            "processIdentifierType, processIdentifier, certificate, requireBusinessLevelSignature, serviceDescription, "
            "technicalContactUrl, transportProfile"
        )
        for number in range(1, 1900):
            connection.execute(
                text(
                    f"INSERT INTO smp_endpoint (id, endpointReference, {columns}) "  # noqa: S608
                    f"SELECT :id, :url, {columns} FROM smp_endpoint WHERE id = 'endpoint-0'"
                ),
                {"id": f"endpoint-{number}", "url": f"https://ap.example/{number}"},
            )
    [service] = old.read()[KEY]["services"]
    assert len(service["process_metadata"][0]["endpoints"]) == 1900


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"certificate": "no certificate"}, "SMP-PHOSS-CERTIFICATE"),
        ({"extension": "[{broken"}, "SMP-JSON"),
        ({"metadata": '[{"What": "?"}]'}, "SMP-PHOSS-EXTENSION"),
    ],
    ids=["certificate", "extension", "unknown-property"],
)
def test_what_cannot_be_read_refuses_its_participant_with_the_reason(
    url: str, columns: dict[str, str], reason: str
) -> None:
    old = Old(url)
    with old.writing() as connection:
        phoss.put_participant(connection, VALUE)
        phoss.put_service(connection, VALUE, **columns)
        phoss.put_participant(connection, "9915:two")
    read = old.read()
    assert [each["id"] for each in read[KEY]["refused"]] == [reason]
    assert "refused" not in read[f"{SCHEME}::9915:two"]


def test_a_date_that_no_calendar_has_refuses_its_participant(on_mariadb: str) -> None:
    old = Old(on_mariadb)
    with old.writing() as connection:
        connection.execute(text("SET SESSION sql_mode = ''"))
        phoss.put_participant(connection, VALUE)
        phoss.put_service(connection, VALUE, serviceActivationDate="0000-00-00 00:00:00")
    assert [each["id"] for each in old.read()[KEY]["refused"]] == ["SMP-PHOSS-DATE"]


def test_a_redirect_goes_before_a_service_of_the_same_document_type(url: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        phoss.put_participant(connection, VALUE)
        phoss.put_service(connection, VALUE)
        phoss.put_redirect(connection, VALUE)
    [service] = old.read()[KEY]["services"]
    assert "redirect" in service["process_metadata"][0]
    source = old.source()
    assert "smp_service_metadata (redirected)" in {each.name for each in source.unhoused()}
    source.close()


def test_users_are_owners_without_passwords_and_a_deleted_one_only_of_what_is_still_his(url: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        phoss.put_user(connection, "gone", "gone@example.org", deletedt="2026-01-01 00:00:00")
        phoss.put_user(connection, "left", "left@example.org", deletedt="2026-01-01 00:00:00")
        phoss.put_user(connection, "off", "off@example.org", disabled=True)
        phoss.put_participant(connection, VALUE, owner="left")
        phoss.put_participant(connection, "9915:two", owner="in a file")
    owners = {record.key: json.loads(record.body) for record in old.records() if record.kind is Kind.OWNER}
    assert {login: said["enabled"] for login, said in owners.items()} == {
        "admin@example.org": True,
        "in a file": True,
        "left@example.org": False,
        "off@example.org": False,
    }
    assert "68617368" not in str(owners)
    assert old.read()[KEY]["owner"] == "left@example.org"


def test_what_has_no_home_is_named_and_counted(url: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        phoss.put_card(connection, "9915:nobody")
        phoss.put(connection, "smp_settings", id="s", value="v")
        phoss.put(
            connection,
            "smp_pmigration",
            id="m",
            direction="outbound",
            state="inprogress",
            pid=KEY,
            initdt="2026-01-01 00:00:00",
            migkey="k",
        )
    source = old.source()
    assert {(each.name, each.count) for each in source.unhoused()} == {
        ("smp_secuser.pwhash", 1),
        ("smp_settings", 1),
        ("smp_pmigration", 1),
        ("smp_bce (nobody's)", 1),
    }
    source.close()


def put_one(connection: Connection) -> None:
    phoss.put_participant(connection, VALUE)
    phoss.put_service(connection, VALUE)
    phoss.put_card(connection, VALUE)


CHANGES = {
    "extension": "UPDATE smp_service_group SET extension = '<x/>' WHERE businessIdentifier = '9915:one'",
    "address": "UPDATE smp_endpoint SET endpointReference = 'https://new.example'",
    "process": "UPDATE smp_process SET extension = '<x/>'",
    "card": "UPDATE smp_bce SET country = 'DE'",
    "card-away": "DELETE FROM smp_bce",
    "login": "UPDATE smp_secuser SET loginname = 'new@example.org' WHERE id = 'admin'",
    "redirect": "INSERT INTO smp_service_metadata_red (businessIdentifierScheme, businessIdentifier, "
    "documentIdentifierScheme, documentIdentifier, redirectionUrl) SELECT businessIdentifierScheme, "
    "businessIdentifier, 's', 'd', 'https://x.example' FROM smp_service_group",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_in_the_checksum_of_its_part(url: str, change: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        put_one(connection)
    before, again = checksums(old), checksums(old)
    with old.writing() as connection:
        connection.execute(text(change))
    after = checksums(old)
    place = (Kind.PARTICIPANT, part_of(KEY))
    assert before == again
    assert before[place] != after[place]


def checksums(old: Old) -> dict[tuple[Kind, int], str]:
    source = old.source()
    try:
        return dict(source.checksums() or {})
    finally:
        source.close()


def test_a_change_counts_in_the_part_of_its_service_group_however_its_rows_are_spelled(on_mariadb: str) -> None:
    """To MySQL's collations `é` is `e`, as far as foreign keys go; to the key of a part it isn't."""
    old = Old(on_mariadb)
    with old.writing() as connection:
        phoss.put_participant(connection, "9915:cafe")
        phoss.put_service(connection, "9915:cafe", child_value="9915:café")
    key = f"{SCHEME}::9915:cafe"
    place = (Kind.PARTICIPANT, part_of(key))
    before = checksums(old)
    with old.writing() as connection:
        connection.execute(text(CHANGES["address"]))
    assert endpoint_of(old.read()[key])["address"] == "https://new.example"
    assert checksums(old)[place] != before[place]


def test_parts_are_read_by_themselves_and_make_up_the_whole(url: str) -> None:
    old = Old(url)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        phoss.fill(connection, participants=1500, access_points=3)
    source = old.source()
    whole = {record.key: record.body for record in source.records(None)}
    places = dict(source.checksums() or {})
    wanted = sorted(places)[::7]
    some = {record.key: record.body for record in source.records(wanted)}
    source.close()
    assert len(whole) == 1500 + 2  # users
    assert {(record_kind(key), part_of(key)) for key in whole} == set(places)
    assert some == {key: body for key, body in whole.items() if (record_kind(key), part_of(key)) in set(wanted)}


def record_kind(key: str) -> Kind:
    return Kind.PARTICIPANT if "::" in key else Kind.OWNER


def test_checksums_and_records_are_of_one_moment(url: str) -> None:
    old = Old(url)
    with old.writing() as connection:
        put_one(connection)
    source = old.source()
    source.checksums()
    with old.writing() as connection:
        phoss.put_participant(connection, "9915:late")
    keys = {record.key for record in source.records(None)}
    source.close()
    assert f"{SCHEME}::9915:late" not in keys
    assert f"{SCHEME}::9915:late" in old.read()


def test_a_user_without_rights_is_told_what_to_do(mariadb: "MariaDb", on_mariadb: str) -> None:
    Old(on_mariadb)
    one_table = mariadb.new_user(on_mariadb, on="smp_service_group")
    with pytest.raises(ConfigurationError, match=r"no table smp_service_metadata.* that may be read"):
        PhossSql(open_database(one_table)).check()
    wrong = one_table.replace(":reader@", ":secret-word@")
    with pytest.raises(ConfigurationError, match="refuses the user reader") as refused:
        PhossSql(open_database(wrong)).check()
    assert "secret-word" not in str(refused.value)


def test_a_user_who_may_only_read_is_enough(mariadb: "MariaDb", on_mariadb: str) -> None:
    old = Old(on_mariadb)
    with old.writing() as connection:
        put_one(connection)
    source = PhossSql(open_database(mariadb.new_user(on_mariadb)))
    source.check()
    assert KEY in {record.key for record in source.records(None)}
    source.close()


def test_a_database_of_something_else_or_of_an_unknown_layout_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no table smp_service_group"):
        PhossSql(open_database(url)).check()
    old = Old(url)
    with old.writing() as connection:
        connection.execute(text("ALTER TABLE smp_endpoint DROP COLUMN transportProfile"))
    with pytest.raises(ConfigurationError, match=r"no column smp_endpoint\.transportprofile"):
        old.read()


def test_a_server_that_is_gone_is_a_technical_error() -> None:
    with pytest.raises(TechnicalError, match="can't be read"):
        PhossSql(open_database("mysql://reader:secret-word@127.0.0.1:1/old")).check()


@pytest.mark.parametrize("url", ["oracle://x/y", "mongodb://x/y", "sqlite:///x", "no url"])
def test_other_databases_are_refused_with_a_way_out(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"phoss-xml|looks like"):
        open_database(url)
