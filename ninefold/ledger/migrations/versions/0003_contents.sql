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

-- a link may come before its trace, so it has a project of its own
create table trace_links (
    project text not null,
    trace text not null,
    run text not null,
    primary key (project, trace, run)
) strict, without rowid;
create index trace_links_run on trace_links (run);

insert into trace_links (project, trace, run) select t.project, x.trace, x.run from trace_runs x join traces t on t.id = x.trace;

drop table trace_runs;
