"""How a Reply becomes something on a phone, and how a phone's request becomes an Event."""
