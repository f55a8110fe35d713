-- The newest schema. It makes a fresh database; upgrades are the revisions in migrations/, and a test proves that both agree.
--
-- One text for both databases. Types are written as SQLite knows them and hold 64 bits; the Postgres driver reads integer as
-- bigint, real as double precision, blob as bytea, and drops "strict" and "without rowid".
-- Times are microseconds since 1970 UTC. Columns that hold JSON are text. Each noun has its section.

-- ledger ------------------------------------------------------------------------------------------------------------

create table alembic_version (
    version_num text not null primary key
) strict;

-- content is the stored leaf of the Merkle tree; the other columns repeat parts of it for searching, and verify compares them.
create table facts (
    seq integer primary key,
    at integer not null,
    kind text not null,
    subject text not null,
    run text,
    key text,
    content text not null
) strict;
create index facts_subject on facts (subject, kind, seq);
create index facts_kind on facts (kind, seq);
create index facts_run on facts (run, seq) where run is not null;

-- one row: how many facts there are, and the roots of the perfect subtrees that they form, largest first, in hexadecimal
create table tree (
    one integer primary key check (one = 1),
    size integer not null,
    peaks text not null
) strict;

create table checkpoints (
    size integer primary key,
    root text not null,
    at integer not null,
    signer text not null,
    note text not null
) strict;

create table signers (
    id text not null primary key,
    public text not null,
    since integer not null
) strict;

create table meta (
    name text not null primary key,
    value text not null
) strict;

-- engine ------------------------------------------------------------------------------------------------------------

-- content: the content id of the output; ref: where it lies; parts: what went into the key, by name
create table steps (
    key text not null primary key,
    project text not null,
    name text not null,
    kind text not null default '',
    revision integer not null default 1,
    subject text not null default '',
    content text not null,
    ref text not null,
    parts text not null,
    needs text not null default '{}',
    run text,
    at integer not null,
    seconds real not null default 0,
    cpu real not null default 0,
    memory integer not null default 0,
    bytes integer not null default 0
) strict;
create index steps_name on steps (project, name, at);
create index steps_content on steps (content);

create table plans (
    digest text not null,
    project text not null,
    body text not null,
    at integer not null,
    primary key (project, digest)
) strict;

-- what a file's content was when it had this time and size, so that unchanged files are not read again
create table files (
    path text not null primary key,
    mtime_ns integer not null,
    size integer not null,
    digest text not null
) strict;

-- runs --------------------------------------------------------------------------------------------------------------

create table runs (
    id text not null primary key,
    project text not null,
    experiment text not null,
    name text not null,
    status text not null check (status in ('scheduled', 'running', 'done', 'failed', 'killed')),
    started integer not null,
    ended integer,
    parent text references runs (id),
    source text not null default '',
    actor text not null default ''
) strict;
create index runs_experiment on runs (project, experiment, started);
create index runs_status on runs (project, status, started);
create index runs_parent on runs (parent) where parent is not null;

create table params (
    run text not null references runs (id),
    key text not null,
    value text not null,
    primary key (run, key)
) strict, without rowid;
create index params_key on params (key, value);

-- a point repeated by a retry is the same row; nan is 1 where the value was no number (value is then 0)
create table metrics (
    run text not null references runs (id),
    key text not null,
    step integer not null,
    at integer not null,
    value real not null,
    nan integer not null default 0,
    primary key (run, key, step, at, value, nan)
) strict, without rowid;

-- the newest point of each metric: greatest step, then time, then value
create table latest (
    run text not null references runs (id),
    key text not null,
    step integer not null,
    at integer not null,
    value real not null,
    nan integer not null default 0,
    primary key (run, key)
) strict, without rowid;
create index latest_key on latest (key, value);

create table tags (
    run text not null references runs (id),
    key text not null,
    value text not null,
    primary key (run, key)
) strict, without rowid;
create index tags_key on tags (key, value);

create table artifacts (
    run text not null references runs (id),
    path text not null,
    digest text not null,
    size integer not null,
    at integer not null,
    primary key (run, path)
) strict, without rowid;
create index artifacts_digest on artifacts (digest);

-- hypotheses, problems ----------------------------------------------------------------------------------------------

-- what a hypothesis or a criterion was found to be, on which data, at the instant as_of
create table verdicts (
    id text not null primary key,
    project text not null,
    subject text not null,
    criterion text not null default '',
    verdict text not null,
    as_of integer not null,
    at integer not null,
    policy text not null default '',
    body text not null
) strict;
create index verdicts_subject on verdicts (project, subject, at);

-- models ------------------------------------------------------------------------------------------------------------

create table versions (
    project text not null,
    model text not null,
    version integer not null,
    bundle text not null,
    digest text not null,
    at integer not null,
    key text,
    body text not null,
    primary key (project, model, version)
) strict;
create index versions_digest on versions (digest);

-- endpoints ---------------------------------------------------------------------------------------------------------

create table releases (
    id text not null primary key,
    project text not null,
    endpoint text not null,
    model text not null default '',
    version integer not null,
    kind text not null check (kind in ('shadow', 'canary', 'full')),
    share real not null,
    state text not null,
    started integer not null,
    ended integer,
    body text not null
) strict;
create index releases_endpoint on releases (project, endpoint, started);
create index releases_open on releases (project, endpoint) where ended is null;

-- monitors ----------------------------------------------------------------------------------------------------------

create table incidents (
    id text not null primary key,
    project text not null,
    monitor text not null,
    state text not null check (state in ('open', 'closed')),
    severity text not null,
    title text not null,
    opened integer not null,
    closed integer,
    body text not null
) strict;
create index incidents_monitor on incidents (project, monitor, opened);
create index incidents_state on incidents (project, state, opened);

create table alerts (
    id text not null primary key,
    project text not null,
    monitor text not null,
    incident text references incidents (id),
    check_name text not null,
    subject text not null,
    severity text not null,
    at integer not null,
    body text not null
) strict;
create index alerts_incident on alerts (incident, at);
create index alerts_monitor on alerts (project, monitor, at);

-- workflow ----------------------------------------------------------------------------------------------------------

create table items (
    id text not null primary key,
    project text not null,
    title text not null,
    waits_for text not null,
    state text not null check (state in ('open', 'closed')),
    subject text not null default '',
    opened integer not null,
    closed integer,
    body text not null
) strict;
create index items_state on items (project, state, opened);

-- notify ------------------------------------------------------------------------------------------------------------

-- messages on their way, written with the facts that they tell of; url as the project names it, without secrets
create table outbox (
    id text not null primary key,
    project text not null,
    url text not null,
    subject text not null,
    body text not null,
    state text not null check (state in ('waiting', 'delivered', 'given up')),
    created integer not null,
    due integer not null,
    tries integer not null default 0,
    delivered integer,
    error text not null default ''
) strict;
create index outbox_due on outbox (state, due);
-- SQLite only: what was said stays said. Against accidents; against intent there are the tree, the signatures and the anchors.

create trigger facts_stay before update on facts begin
    select raise(abort, 'a fact is never changed');
end;

create trigger facts_remain before delete on facts begin
    select raise(abort, 'a fact is never removed');
end;

create trigger checkpoints_stay before update on checkpoints begin
    select raise(abort, 'a checkpoint is never changed');
end;

create trigger checkpoints_remain before delete on checkpoints begin
    select raise(abort, 'a checkpoint is never removed');
end;
