-- SPDX-License-Identifier: Apache-2.0
-- PowerDNS answers from the registry's own tables: views in the shape that its backend gpgsql reads, and functions that
-- find a name by the primary key. Run it in the registry's database as the owner of its tables; again after an update.
--
--   psql --variable ON_ERROR_STOP=1 --file view.sql registry
--   psql --command "CREATE ROLE pdns LOGIN" registry   (then GRANT, as README.md says)
--
-- What is committed is answered at once, with the serial of the last stamp: a zone that is served so needs no transfer.

BEGIN;

CREATE SCHEMA IF NOT EXISTS powerdns;

CREATE OR REPLACE VIEW powerdns.domains AS
SELECT zone.id::int AS id, zone.name::varchar AS name, NULL::varchar AS master, NULL::int AS last_check,
    'NATIVE'::varchar AS type, zone.serial::bigint AS notified_serial, ''::varchar AS account,
    NULL::varchar AS catalog, NULL::varchar AS options
FROM zone;

-- One row for each record. The serial in a stored SOA doesn't count: that of the zone does.
CREATE OR REPLACE VIEW powerdns.records AS
SELECT 0::bigint AS id, zone.id::int AS domain_id,
    (CASE WHEN held.owner = '@' THEN zone.name ELSE held.owner || '.' || zone.name END)::varchar AS name,
    held.rdtype::varchar AS type,
    CASE WHEN held.rdtype = 'SOA'
        THEN regexp_replace(line.rdata, '^(\S+ \S+) \S+', '\1 ' || zone.serial)
        ELSE line.rdata END AS content,
    line.ttl, NULL::int AS prio, false AS disabled, NULL::varchar AS ordername, true AS auth,
    zone.id AS zone_id, held.owner
FROM zone_rrset AS held
JOIN zone ON zone.id = held.zone_id
CROSS JOIN LATERAL (
    SELECT split_part(text, ' ', 1)::int AS ttl, substr(text, strpos(text, ' ') + 1) AS rdata
    FROM unnest(string_to_array(held.content, E'\n')) AS text
) AS line;

-- What PowerDNS asks for, and the registry hasn't.
CREATE OR REPLACE VIEW powerdns.domainmetadata AS
SELECT 0 AS id, 0 AS domain_id, ''::varchar AS kind, ''::text AS content WHERE false;
CREATE OR REPLACE VIEW powerdns.cryptokeys AS
SELECT 0 AS id, 0 AS domain_id, 0 AS flags, false AS active, false AS published, ''::text AS content WHERE false;
CREATE OR REPLACE VIEW powerdns.tsigkeys AS
SELECT 0 AS id, ''::varchar AS name, ''::varchar AS algorithm, ''::varchar AS secret WHERE false;
CREATE OR REPLACE VIEW powerdns.supermasters AS
SELECT ''::varchar AS ip, ''::varchar AS nameserver, ''::varchar AS account WHERE false;
CREATE OR REPLACE VIEW powerdns.comments AS
SELECT 0 AS id, 0 AS domain_id, ''::varchar AS name, ''::varchar AS type, 0 AS modified_at, ''::varchar AS account,
    ''::text AS comment WHERE false;

-- Which names have others below them: they exist, though they hold nothing (RFC 8020).
CREATE INDEX IF NOT EXISTS powerdns_below ON zone_rrset (zone_id, reverse(owner) COLLATE "C");

-- All records at an absolute name without a dot at its end, in a zone. The view alone would be read as a whole for each
-- question, as its names are put together of two tables. A name that others are below is a row without a type.
CREATE OR REPLACE FUNCTION powerdns.records_in(asked text, asked_zone int) RETURNS SETOF powerdns.records
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH place AS (
        SELECT zone.id, CASE WHEN lower(asked) = zone.name THEN '@'
            ELSE left(lower(asked), length(asked) - length(zone.name) - 1) END AS owner
        FROM zone WHERE zone.id = asked_zone
    )
    SELECT records.* FROM place
    JOIN powerdns.records ON records.zone_id = place.id AND records.owner = place.owner
    UNION ALL
    SELECT 0, place.id::int, lower(asked), NULL, NULL, NULL, NULL, false, NULL, true, place.id, place.owner FROM place
    WHERE NOT EXISTS (SELECT FROM zone_rrset WHERE zone_id = place.id AND owner = place.owner)
        AND EXISTS (
            SELECT FROM zone_rrset
            WHERE zone_id = place.id AND reverse(owner) COLLATE "C" >= reverse('.' || place.owner)
                AND reverse(owner) COLLATE "C" < reverse('.' || place.owner) || '~'
        )
$$;

-- The same in whichever zones of ours the name can be.
CREATE OR REPLACE FUNCTION powerdns.records_at(asked text) RETURNS SETOF powerdns.records
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT found.* FROM zone CROSS JOIN LATERAL powerdns.records_in(asked, zone.id::int) AS found
    WHERE lower(asked) = zone.name OR right(lower(asked), length(zone.name) + 1) = '.' || zone.name
$$;

-- Whoever may read these views needn't, and shouldn't, read anything else.
REVOKE ALL ON FUNCTION powerdns.records_at(text), powerdns.records_in(text, int) FROM PUBLIC;

COMMIT;
