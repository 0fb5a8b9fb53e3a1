// A notice is said once. Neither reloading nor a bookmark says again that something was saved.

const address = new URL(location.href);
address.searchParams.delete("notice");
history.replaceState(history.state, "", address);
