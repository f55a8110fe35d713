-- name: all
select id, ours, state, body from imports where origin = ? and kind = ?;

-- name: note
insert into imports (origin, kind, id, ours, state, body, at) values (?, ?, ?, ?, ?, ?, ?)
on conflict (origin, kind, id) do update set ours = excluded.ours, state = excluded.state, body = excluded.body, at = excluded.at;

-- name: elsewhere
select origin, id, ours, state, body from imports where kind = ? and id = ? and origin <> ?;

-- name: came
select origin, id, ours, state, body from imports where kind = ? and id = ?;
