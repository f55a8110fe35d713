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
