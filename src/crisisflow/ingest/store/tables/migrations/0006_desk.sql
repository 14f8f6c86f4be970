-- What the page of the operators asks for: the acts on one thing, and the deliveries of one incident.
CREATE INDEX audit_of_subject ON audit (subject, number);
CREATE INDEX outbox_of_incident ON outbox (incident, id);
