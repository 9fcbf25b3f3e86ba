-- Up to where this is a copy of the log of another portal, if it is one.
select up_to from copied
