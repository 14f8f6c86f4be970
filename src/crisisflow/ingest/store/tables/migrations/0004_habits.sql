-- The usual pause between takings with new posts, in ms: a running mean, so that silence beyond it is noticed.

ALTER TABLE sources ADD COLUMN usual_pause INTEGER;
