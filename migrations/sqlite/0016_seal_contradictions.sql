-- Checkpoints that some process has in its own file, and that the log of this database contradicts: it was rewound, or
-- changed, behind what was signed. A process that has not seen such a checkpoint signs nothing once it stands here.
create table seal_contradiction (
    origin     text not null,
    checkpoint text not null, -- the whole note, with its signature
    primary key (origin, checkpoint)
) strict, without rowid;
