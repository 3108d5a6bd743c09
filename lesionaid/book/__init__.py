"""The knowledge for people: a chapter of all rules, who uses which sign, surveillance facts."""
