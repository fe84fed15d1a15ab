"""The shared fixtures give what they promise."""

import psycopg

from tests.support import Bucket, Database


def test_a_database_is_empty_and_of_the_named_major(database: Database) -> None:
    with psycopg.connect(database.dsn) as connection:
        assert connection.info.server_version // 10_000 == database.cluster.major
        row = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone()
    assert row == (0,)


def test_the_state_database_takes_tables(state_dsn: str) -> None:
    with psycopg.connect(state_dsn) as connection:
        connection.execute("CREATE TABLE operations (id bigint)")


def test_a_bucket_is_empty_and_keeps_an_object(s3: Bucket) -> None:
    client = s3.server.client()
    assert client.list_objects_v2(Bucket=s3.name)["KeyCount"] == 0
    client.put_object(Bucket=s3.name, Key="a/b", Body=b"content")
    assert client.get_object(Bucket=s3.name, Key="a/b")["Body"].read() == b"content"
    client.close()
