-- Runs of the first release named their experiment; now experiments have numbers, and files lie below them.

create table old_runs as select * from runs;
create table old_params as select * from params;
create table old_metrics as select * from metrics;
create table old_tags as select * from tags;
create table old_artifacts as select * from artifacts;

drop table latest;
drop table metrics;
drop table params;
drop table tags;
drop table artifacts;
drop table runs;

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
create table points (
    series integer not null,
    step integer not null,
    at integer not null,
    value real not null,
    nan integer not null default 0,
    primary key (series, step, at, value, nan)
) strict, without rowid;
create table artifacts (
    project text not null,
    path text not null,
    digest text not null,
    size integer not null,
    at integer not null,
    primary key (project, path)
) strict, without rowid;
create index artifacts_digest on artifacts (digest);
create table uploads (
    id text not null primary key,
    project text not null,
    path text not null,
    created integer not null,
    body text not null
) strict;
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
create table model_links (
    run text not null references runs (id),
    model text not null,
    way text not null check (way in ('in', 'out')),
    step integer not null default 0,
    place integer not null,
    primary key (run, model, way)
) strict, without rowid;
create index model_links_model on model_links (model, way);
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
create table requests (
    project text not null,
    key text not null,
    digest text not null,
    answer text not null,
    at integer not null,
    primary key (project, key)
) strict, without rowid;
create index requests_at on requests (at);
create table spools (
    project text not null,
    id text not null,
    applied integer not null,
    at integer not null,
    primary key (project, id)
) strict, without rowid;
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
create table trace_runs (
    trace text not null references traces (id),
    run text not null,
    primary key (trace, run)
) strict, without rowid;
create index trace_runs_run on trace_runs (run);
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
create table grants (
    who text not null references users (name),
    project text not null,
    role text not null,
    by text not null default '',
    at integer not null,
    primary key (who, project, role)
) strict, without rowid;
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
create table attempts (
    who text not null,
    client text not null,
    at integer not null
) strict;
create index attempts_who on attempts (who, at);
create index attempts_at on attempts (at);

create view own_versions as
select v.project, v.model, v.version, v.bundle, v.digest, v.at, v.key, v.body
from versions v
where not exists (
    select 1 from registered_versions r
    where r.project = v.project and r.name = v.model and r.version = v.version and r.bundle is not null
);

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

insert into experiments (project, id, name, root, created, updated)
select project, 0, 'Default', '', min(started), min(started) from old_runs group by project;

insert into experiments (project, id, name, root, created, updated)
select project, row_number() over (partition by project order by min(started), experiment), experiment, '', min(started), min(started)
from old_runs where experiment <> 'Default' group by project, experiment;

update experiments set root = 'mlflow-artifacts:/' || id;

insert into runs (id, project, experiment, name, status, started, ended, updated, parent, root, source, actor)
select r.id, r.project, e.id, r.name, r.status, r.started, r.ended, coalesce(r.ended, r.started), r.parent,
    e.root || '/' || r.id || '/artifacts', r.source, r.actor
from old_runs r join experiments e on e.project = r.project and e.name = r.experiment;

insert into params select * from old_params;

insert into tags select * from old_tags;

insert into series (run, key, project, experiment, step, at, value, nan)
select m.run, m.key, r.project, r.experiment, m.step, m.at, m.value, m.nan
from (
    select *, row_number() over (partition by run, key order by step desc, at desc, value desc) as place from old_metrics
) m join runs r on r.id = m.run where m.place = 1;

insert into points (series, step, at, value, nan)
select s.id, m.step, m.at, m.value, m.nan from old_metrics m join series s on s.run = m.run and s.key = m.key;

insert into artifacts (project, path, digest, size, at)
select r.project, r.experiment || '/' || r.id || '/artifacts/' || a.path, a.digest, a.size, a.at
from old_artifacts a join runs r on r.id = a.run;

drop table old_runs;
drop table old_params;
drop table old_metrics;
drop table old_tags;
drop table old_artifacts;
