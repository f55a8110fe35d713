-- name: find
select * from traces where project = ? and id = ?;

-- name: add
insert into traces (project, id, experiment, name, status, started, took, client, run, session, request, response, body)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do nothing;

-- name: tell
update traces set experiment = ?, name = ?, status = ?, started = ?, took = ?, client = ?, run = ?, session = ?, request = ?, response = ?, body = ?
where id = ?;

-- name: label
insert into trace_labels (trace, kind, key, value) values (?, ?, ?, ?) on conflict (trace, kind, key) do update set value = excluded.value;

-- name: drop_label
delete from trace_labels where trace = ? and kind = ? and key = ?;

-- name: link
insert into trace_links (project, trace, run) values (?, ?, ?) on conflict do nothing;

-- name: span
insert into spans (trace, id, parent, name, kind, status, started, ended, attributes, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (trace, id) do update set
    parent = excluded.parent, name = excluded.name, kind = excluded.kind, status = excluded.status, started = excluded.started,
    ended = excluded.ended, attributes = excluded.attributes, body = excluded.body;

-- name: older
select id from traces where project = ? and experiment = ? and started <= ? order by started, id limit ?;

-- name: drop_labels
delete from trace_labels where trace = ?;

-- name: drop_links
delete from trace_links where project = ? and trace = ?;

-- name: drop_spans
delete from spans where trace = ?;

-- name: drop_assessments
delete from assessments where trace = ?;

-- name: drop
delete from traces where id = ?;
