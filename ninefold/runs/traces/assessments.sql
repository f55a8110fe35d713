-- name: assessment
select * from assessments where trace = ? and id = ?;

-- name: of_project
select a.* from assessments a join traces t on t.id = a.trace where t.project = ? and a.trace = ? and a.id = ?;

-- name: set_assessment
insert into assessments (id, trace, kind, name, source, value, created, updated, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update set
    kind = excluded.kind, name = excluded.name, source = excluded.source, value = excluded.value, updated = excluded.updated, body = excluded.body
where assessments.trace = excluded.trace;

-- name: drop_assessment
delete from assessments where trace = ? and id = ?;
