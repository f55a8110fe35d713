-- name: find
select id, project, name, url, events, description, status, created, updated from webhooks where project = ? and id = ?;

-- name: page
select id, project, name, url, events, description, status, created, updated from webhooks
where project = ? and id < ? order by id desc limit ?;

-- name: active
select id, project, events, since from webhooks where status = 'active' order by id;

-- name: update
update webhooks set name = ?, url = ?, events = ?, description = ?, status = ?, updated = ? where project = ? and id = ?;

-- name: set_secret
update webhooks set secret = ? where project = ? and id = ?;

-- name: secret
select secret from webhooks where project = ? and id = ?;

-- name: drop
delete from webhooks where project = ? and id = ?;

-- name: give_up
update outbox set state = 'given up', error = 'the webhook was deleted' where url = ? and state = 'waiting';

-- name: head
select size from tree;

-- name: seen
select value from meta where name = 'webhooks.seen';

-- name: see
insert into meta (name, value) values ('webhooks.seen', ?) on conflict (name) do update set value = excluded.value;
