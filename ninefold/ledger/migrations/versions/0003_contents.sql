-- contents of small files, named by their SHA-256; those of larger ones are blobs in the store
create table contents (
    digest text not null primary key,
    data blob not null
) strict;
