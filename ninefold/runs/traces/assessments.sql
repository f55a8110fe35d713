-- name: assessment
select * from assessments where trace = ? and id = ?;

-- name: set_assessment
insert into assessments (id, trace, kind, name, source, value, created, updated, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update set
    kind = excluded.kind, name = excluded.name, source = excluded.source, value = excluded.value, updated = excluded.updated, body = excluded.body;

-- name: drop_assessment
delete from assessments where trace = ? and id = ?;
