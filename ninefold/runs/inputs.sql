-- name: set_dataset
insert into datasets (project, experiment, name, digest, kind, source, schema, profile) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (project, experiment, name, digest) do nothing;

-- name: set_input
insert into inputs (run, name, digest, place, tags) values (?, ?, ?, ?, ?)
on conflict (run, name, digest) do nothing;

-- name: places
select count(*) as inputs from inputs where run = ?;

-- name: set_link
insert into model_links (run, model, way, step, place) values (?, ?, ?, ?, ?)
on conflict (run, model, way) do update set step = excluded.step;

-- name: links
select count(*) as links from model_links where run = ?;
