"""Fills Fleet's tables: about 300,000 rows, the same for the same moment."""

from collections.abc import Mapping
from datetime import datetime

import psycopg

ROWS: Mapping[str, int] = {"devices": 5_000, "policies": 40, "runs": 600, "run_items": 240_000, "audit_log": 55_000}

_DEVICES = """
INSERT INTO devices (hostname, site, role, os_version, management_address, status, facts, created_at, updated_at)
SELECT format('%%s-%%s', role, lpad(n::text, 4, '0')),
       site,
       role,
       format('%%s.%%s.%%s', 15 + n %% 4, n %% 7, n %% 11),
       '10.0.0.0'::inet + n,
       (CASE WHEN n %% 97 = 0 THEN 'retired' WHEN n %% 31 = 0 THEN 'maintenance' ELSE 'active' END)::device_status,
       jsonb_build_object('serial', upper(substr(md5('serial' || n), 1, 12)), 'vendor', vendor,
                          'uptime_days', n %% 400, 'interfaces', 8 * (1 + n %% 6)),
       %(now)s - interval '3 years' + n * interval '4 hours',
       %(now)s - (n %% 90) * interval '1 day'
FROM generate_series(1, %(devices)s) AS n,
     LATERAL (SELECT
         (ARRAY['edge-router', 'core-switch', 'access-switch', 'firewall', 'wireless-controller'])[1 + n %% 5] AS role,
         (ARRAY['ber', 'ham', 'muc', 'fra', 'cgn', 'lej'])[1 + n %% 6] || '-' || (1 + n %% 9) AS site,
         (ARRAY['Juniper', 'Cisco', 'Arista', 'Nokia'])[1 + n %% 4] AS vendor) AS chosen
ORDER BY n
"""

_POLICIES = """
INSERT INTO policies (name, severity, rules, created_at)
SELECT format('%%s-%%s', topic, lpad(n::text, 2, '0')),
       (ARRAY['low', 'medium', 'high', 'critical'])[1 + n %% 4],
       jsonb_build_array(jsonb_build_object('path', topic || '.enabled', 'equals', n %% 2 = 0),
                         jsonb_build_object('path', topic || '.servers', 'at_least', 1 + n %% 3)),
       %(now)s - interval '2 years' + n * interval '3 days'
FROM generate_series(1, %(policies)s) AS n,
     LATERAL (SELECT (ARRAY['ntp', 'snmp', 'ssh', 'syslog', 'aaa', 'bgp', 'vlan', 'banner'])[1 + n %% 8] AS topic) AS t
ORDER BY n
"""

_RUNS = """
INSERT INTO runs (policy_id, requested_by, state, started_at, finished_at)
SELECT 1 + n %% %(policies)s,
       (ARRAY['nightly', 'm.keller', 'a.okafor', 'j.lind'])[1 + n %% 4],
       CASE WHEN n %% 53 = 0 THEN 'cancelled' ELSE 'finished' END,
       started, started + (60 + n %% 900) * interval '1 second'
FROM generate_series(1, %(runs)s) AS n,
     LATERAL (SELECT %(now)s - (%(runs)s - n + 1) * interval '6 hours' AS started) AS t
ORDER BY n
"""

_RUN_ITEMS = """
INSERT INTO run_items (run_id, device_id, result, findings, duration_ms, checked_at)
SELECT run, 1 + (run * 37 + item) %% %(devices)s,
       (CASE WHEN chance < 6 THEN 'drifted' WHEN chance < 8 THEN 'unreachable' ELSE 'compliant' END)::check_result,
       CASE WHEN chance < 6
            THEN jsonb_build_array(jsonb_build_object('path', 'ntp.servers', 'expected', 2, 'found', chance %% 2,
                                                      'line', 40 + chance * 3))
            ELSE '[]' END,
       40 + abs(hashint4(run * 1000 + item)) %% 2400,
       %(now)s - (%(runs)s - run + 1) * interval '6 hours' + item * interval '130 milliseconds'
FROM generate_series(1, %(runs)s) AS run,
     generate_series(1, %(run_items)s / %(runs)s) AS item,
     LATERAL (SELECT abs(hashint4(run * 7919 + item)) %% 100 AS chance) AS t
ORDER BY run, item
"""

_AUDIT_LOG = """
INSERT INTO audit_log (happened_at, actor, action, subject, details)
SELECT %(now)s - (%(audit_log)s - n + 1) * interval '4 minutes',
       (ARRAY['nightly', 'm.keller', 'a.okafor', 'j.lind', 'api'])[1 + n %% 5],
       (ARRAY['device.updated', 'run.started', 'run.finished', 'policy.read'])[1 + n %% 4],
       'device ' || 1 + abs(hashint4(n)) %% %(devices)s,
       jsonb_build_object('request', substr(md5('request' || n), 1, 16), 'took_ms', n %% 700)
FROM generate_series(1, %(audit_log)s) AS n
ORDER BY n
"""


def seed(connection: psycopg.Connection, now: datetime, rows: Mapping[str, int] = ROWS) -> None:
    """Fill the empty tables, in one transaction; the newest rows are a little older than `now`.

    Takes a superuser's connection: foreign keys are not checked row by row, which would take twice as long.
    """
    parameters = {"now": now, **rows}
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for statement in (_DEVICES, _POLICIES, _RUNS, _RUN_ITEMS, _AUDIT_LOG):
            connection.execute(statement.encode(), parameters)
    connection.execute("ANALYZE")
