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

-- numbered within their project; 0 is the one that every project has. root: the URI of the folder below which its runs keep files
create table experiments (
    project text not null,
    id integer not null,
    name text not null,
    root text not null,
    state text not null default 'active' check (state in ('active', 'deleted')),
    created integer not null,
    updated integer not null,
    primary key (project, id)
) strict, without rowid;
create unique index experiments_name on experiments (project, name);

create table experiment_tags (
    project text not null,
    experiment integer not null,
    key text not null,
    value text not null,
    primary key (project, experiment, key)
) strict, without rowid;

-- status is what became of the execution, state whether somebody has removed the run; root as in experiments
create table runs (
    id text not null primary key,
    project text not null,
    experiment integer not null,
    name text not null,
    status text not null check (status in ('scheduled', 'running', 'done', 'failed', 'killed')),
    state text not null default 'active' check (state in ('active', 'deleted')),
    started integer not null,
    ended integer,
    updated integer not null,
    parent text,
    root text not null default '',
    source text not null default '',
    actor text not null default ''
) strict;
create index runs_experiment on runs (project, experiment, state, started, id);
create index runs_started on runs (project, state, started, id);
create index runs_parent on runs (parent) where parent is not null;

create table params (
    run text not null references runs (id),
    key text not null,
    value text not null,
    primary key (run, key)
) strict, without rowid;
create index params_key on params (key, value);

create table tags (
    run text not null references runs (id),
    key text not null,
    value text not null,
    primary key (run, key)
) strict, without rowid;
create index tags_key on tags (key, value);

-- one metric of one run, with its newest point: greatest step, then time, then value (nan is 1 where that was no number; value
-- is then 0). project and experiment are those of the run, repeated so that one index answers "the best runs of an experiment".
-- writes counts the groups of points that were added, so that a digest knows whether it is still of what is there.
create table series (
    id integer primary key,
    run text not null references runs (id),
    key text not null,
    project text not null,
    experiment integer not null,
    step integer not null,
    at integer not null,
    value real not null,
    nan integer not null default 0,
    writes integer not null default 1,
    unique (run, key)
) strict;
create index series_value on series (project, experiment, key, nan, value, run);

-- a point repeated by a retry is the same row
create table points (
    series integer not null,
    step integer not null,
    at integer not null,
    value real not null,
    nan integer not null default 0,
    primary key (series, step, at, value, nan)
) strict, without rowid;

-- files by path below the project's root of artifacts: <experiment>/<run>/artifacts/<path>, <experiment>/models/<id>/artifacts/<path>
create table artifacts (
    project text not null,
    path text not null,
    digest text not null,
    size integer not null,
    at integer not null,
    primary key (project, path)
) strict, without rowid;
create index artifacts_digest on artifacts (digest);

-- contents of small files, named by their SHA-256; those of larger ones are blobs in the store
create table contents (
    digest text not null primary key,
    data blob not null
) strict;

-- contents whose name was taken away: what gc looks at, and forgets when they are gone
create table loose (
    digest text not null primary key,
    size integer not null
) strict, without rowid;

-- uploads in parts: where the parts lie while they come
create table uploads (
    id text not null primary key,
    project text not null,
    path text not null,
    created integer not null,
    body text not null
) strict;

-- data that runs read: schema and profile as the client says them
create table datasets (
    project text not null,
    experiment integer not null,
    name text not null,
    digest text not null,
    kind text not null,
    source text not null,
    schema text,
    profile text,
    primary key (project, experiment, name, digest)
) strict, without rowid;

create table inputs (
    run text not null references runs (id),
    name text not null,
    digest text not null,
    place integer not null,
    tags text not null default '{}',
    primary key (run, name, digest)
) strict, without rowid;
create index inputs_dataset on inputs (name, digest);

-- models as a run saved them, before anybody registers a version
create table logged_models (
    id text not null primary key,
    project text not null,
    experiment integer not null,
    name text not null,
    kind text not null default '',
    run text,
    status text not null check (status in ('pending', 'ready', 'failed')),
    message text not null default '',
    root text not null,
    state text not null default 'active' check (state in ('active', 'deleted')),
    created integer not null,
    updated integer not null
) strict;
create index logged_models_experiment on logged_models (project, experiment, state, created, id);
create index logged_models_run on logged_models (run) where run is not null;

create table logged_params (
    model text not null references logged_models (id),
    key text not null,
    value text not null,
    primary key (model, key)
) strict, without rowid;

create table logged_tags (
    model text not null references logged_models (id),
    key text not null,
    value text not null,
    primary key (model, key)
) strict, without rowid;

-- which logged models a run took in or gave out
create table model_links (
    run text not null references runs (id),
    model text not null,
    way text not null check (way in ('in', 'out')),
    step integer not null default 0,
    place integer not null,
    primary key (run, model, way)
) strict, without rowid;
create index model_links_model on model_links (model, way);

-- metrics of a logged model, on a dataset where one is named ('' otherwise)
create table model_points (
    model text not null,
    key text not null,
    run text not null,
    step integer not null,
    at integer not null,
    value real not null,
    nan integer not null default 0,
    dataset text not null default '',
    digest text not null default '',
    primary key (model, key, run, step, at, value, nan, dataset, digest)
) strict, without rowid;

-- requests that carried a key of their own, and what they were answered: the same again is answered the same and done once.
-- digest: of the request, so that another one under the same key is refused
create table requests (
    project text not null,
    key text not null,
    digest text not null,
    answer text not null,
    at integer not null,
    primary key (project, key)
) strict, without rowid;
create index requests_at on requests (at);

-- spools of scripts: the number of the last entry of each that was applied, written with what the entry did. What comes again is known by it
create table spools (
    project text not null,
    id text not null,
    applied integer not null,
    at integer not null,
    primary key (project, id)
) strict, without rowid;

-- what was brought over from another tracker: its id, and ours; body: what it was there, as counts and digests
create table imports (
    origin text not null,
    kind text not null,
    id text not null,
    ours text not null,
    state text not null check (state in ('begun', 'brought', 'verified')),
    body text not null default '{}',
    at integer not null,
    primary key (origin, kind, id)
) strict, without rowid;

-- traces: one request through somebody's application, with its spans; attributes, events and previews are JSON
create table traces (
    id text not null primary key,
    project text not null,
    experiment integer not null,
    name text not null default '',
    status text not null default '',
    started integer not null,
    took integer,
    client text not null default '',
    run text,
    session text not null default '',
    request text not null default '',
    response text not null default '',
    body text not null default '{}'
) strict;
create index traces_experiment on traces (project, experiment, started, id);

create table trace_labels (
    trace text not null references traces (id),
    kind text not null check (kind in ('tag', 'metadata')),
    key text not null,
    value text not null,
    primary key (trace, kind, key)
) strict, without rowid;
create index trace_labels_key on trace_labels (kind, key, value);

create table spans (
    trace text not null references traces (id),
    id text not null,
    parent text,
    name text not null,
    kind text not null default '',
    status text not null default '',
    started integer not null,
    ended integer,
    attributes text not null default '{}',
    body text not null default '{}',
    primary key (trace, id)
) strict, without rowid;

-- runs that a trace belongs to: the one in which it was made, and those that it was linked to; a link may come before its trace
create table trace_links (
    project text not null,
    trace text not null,
    run text not null,
    primary key (project, trace, run)
) strict, without rowid;
create index trace_links_run on trace_links (run);

create table assessments (
    id text not null primary key,
    trace text not null references traces (id),
    kind text not null check (kind in ('feedback', 'expectation', 'issue')),
    name text not null,
    source text not null default '',
    value text not null default 'null',
    created integer not null,
    updated integer not null,
    body text not null default '{}'
) strict;
create index assessments_trace on assessments (trace, created);

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

-- models under whose name others register versions; a project's own models have theirs in versions
create table registered (
    project text not null,
    name text not null,
    description text not null default '',
    created integer not null,
    updated integer not null,
    primary key (project, name)
) strict, without rowid;

create table registered_tags (
    project text not null,
    name text not null,
    key text not null,
    value text not null,
    primary key (project, name, key)
) strict, without rowid;

-- source: what the client named; root: where the files lie; model: the logged model that it was made from;
-- bundle: the digest of the bundle that was made of it, once an endpoint asked for it. A deleted row keeps its number from being used
-- again; a row of a version that the project made holds only what clients said about it
create table registered_versions (
    project text not null,
    name text not null,
    version integer not null,
    source text not null,
    root text not null,
    run text,
    model text,
    status text not null default 'ready' check (status in ('pending', 'ready', 'failed')),
    message text not null default '',
    stage text not null default 'None',
    description text not null default '',
    actor text not null default '',
    bundle text,
    state text not null default 'active' check (state in ('active', 'deleted')),
    created integer not null,
    updated integer not null,
    primary key (project, name, version)
) strict, without rowid;
create index registered_versions_run on registered_versions (run) where run is not null;

create table version_tags (
    project text not null,
    name text not null,
    version integer not null,
    key text not null,
    value text not null,
    primary key (project, name, version, key)
) strict, without rowid;

create table aliases (
    project text not null,
    name text not null,
    alias text not null,
    version integer not null,
    primary key (project, name, alias)
) strict, without rowid;

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

-- the registry as its readers see it -------------------------------------------------------------------------------

-- versions that this project's own models made; the others in versions are bundles of registered ones
create view own_versions as
select v.project, v.model, v.version, v.bundle, v.digest, v.at, v.key, v.body
from versions v
where not exists (
    select 1 from registered_versions r
    where r.project = v.project and r.name = v.model and r.version = v.version and r.bundle is not null
);

-- everything that can be asked for by name: registered by clients, or (own 1) made by the project's models
create view registry_models as
select r.project, r.name, r.description, r.created, r.updated, 0 as own
from registered r
where not exists (select 1 from own_versions o where o.project = r.project and o.model = r.name)
union all
select o.project, o.model, max(coalesce(r.description, '')), min(o.at), max(case when coalesce(r.updated, 0) > o.at then r.updated else o.at end), 1
from own_versions o left join registered r on r.project = o.project and r.name = o.model
group by o.project, o.model;

create view registry_versions as
select r.project, r.name, r.version, r.source, r.root, r.run, r.model, r.status, r.message, r.stage, r.description, r.actor, r.bundle,
    r.created, r.updated, 0 as own
from registered_versions r
where r.state = 'active'
    and not exists (select 1 from own_versions o where o.project = r.project and o.model = r.name and o.version = r.version)
union all
select o.project, o.model, o.version, 'bundles/' || o.bundle, '', null, null, 'ready', '', coalesce(r.stage, 'None'), coalesce(r.description, ''), '',
    o.digest, o.at, case when coalesce(r.updated, 0) > o.at then r.updated else o.at end, 1
from own_versions o left join registered_versions r on r.project = o.project and r.name = o.model and r.version = o.version;

-- the version that answers at an endpoint is its model's champion, whatever an alias of that name said before
create view registry_aliases as
select a.project, a.name, a.alias, a.version
from aliases a
where a.alias <> 'champion' or not exists (select 1 from own_versions o where o.project = a.project and o.model = a.name)
union all
select o.project, o.model, 'champion', o.version
from own_versions o
where exists (
    select 1 from releases r
    where r.project = o.project and r.model = o.model and r.version = o.version and r.ended is null and r.state = 'champion'
        and not exists (
            select 1 from releases n
            where n.project = r.project and n.model = r.model and n.ended is null and n.state = 'champion'
                and (n.started > r.started or (n.started = r.started and n.id > r.id))
        )
);

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

-- webhooks: where somebody wants to hear of what happens after the fact number since; secret: encrypted with the home's key
create table webhooks (
    id text not null primary key,
    project text not null,
    name text not null,
    url text not null,
    events text not null,
    description text not null default '',
    status text not null default 'active' check (status in ('active', 'disabled')),
    secret blob,
    since integer not null default 0,
    created integer not null,
    updated integer not null
) strict;
create index webhooks_project on webhooks (project, created);

-- accounts ----------------------------------------------------------------------------------------------------------

-- password: argon2id, '' where there is none; subject: issuer and subject of an identity provider
create table users (
    name text not null primary key,
    full_name text not null default '',
    email text not null default '',
    password text not null default '',
    subject text unique,
    kind text not null default 'person' check (kind in ('person', 'service')),
    state text not null default 'active' check (state in ('active', 'disabled')),
    created integer not null,
    updated integer not null
) strict;

-- project: '*' means every project
create table grants (
    who text not null references users (name),
    project text not null,
    role text not null,
    by text not null default '',
    at integer not null,
    primary key (who, project, role)
) strict, without rowid;

-- digest: SHA-256 of the token, which is shown once; roles: at most these of its owner's, JSON, null for all
create table tokens (
    id text not null primary key,
    digest text not null unique,
    who text not null references users (name),
    name text not null,
    project text,
    roles text,
    created integer not null,
    expires integer,
    used integer,
    revoked integer
) strict;

create table sessions (
    digest text not null primary key,
    who text not null references users (name),
    created integer not null,
    seen integer not null,
    expires integer not null,
    body text not null default '{}'
) strict, without rowid;
create index sessions_who on sessions (who);

-- failed sign-ins, so that guessing has a price
create table attempts (
    who text not null,
    client text not null,
    at integer not null
) strict;
create index attempts_who on attempts (who, at);
create index attempts_at on attempts (at);
