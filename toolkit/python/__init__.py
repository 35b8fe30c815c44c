"""The Python of a base image: facts about its interpreter and libraries, and the target that they make."""
