-- What was said stays said. Against accidents; against intent there are the tree, the signatures and the anchors.

create trigger facts_stay before update on facts begin
    select raise(abort, 'a fact is never changed');
end;

create trigger facts_remain before delete on facts begin
    select raise(abort, 'a fact is never removed');
end;

create trigger checkpoints_stay before update on checkpoints begin
    select raise(abort, 'a checkpoint is never changed');
end;

create trigger checkpoints_remain before delete on checkpoints begin
    select raise(abort, 'a checkpoint is never removed');
end;
