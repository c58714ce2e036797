-- Nothing refers to the countries yet at this version.

DROP TABLE countries;
