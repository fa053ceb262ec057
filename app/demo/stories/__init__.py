"""The scenario families, one module for each kind of trouble."""

from app.demo.family import Family
from app.demo.stories import aftersales, appliances, enquiries, experience, gaps, phones, requests, small

FAMILIES: tuple[Family, ...] = (
    *phones.FAMILIES,
    *appliances.FAMILIES,
    *small.FAMILIES,
    *experience.FAMILIES,
    *requests.FAMILIES,
    *enquiries.FAMILIES,
    *aftersales.FAMILIES,
    *gaps.FAMILIES,
)
