-- Removes reasons that held until $1 or before.
delete from operator_reason where until <= $1
